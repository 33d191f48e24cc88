package strictjson

import "github.com/bearergate/bearergate/internal/octets"

// Document is a JSON object that is decoded when somebody asks. Being a string, it cannot change.
type Document string

// DocumentOf returns a Document that shares the memory of data, which must not change any more.
func DocumentOf(data []byte) Document { return Document(octets.Text(data)) }

// Decode reads the document into the value v points to, which shares no memory with it. Member names match exactly.
// The error is ErrSyntax, ErrDepth or ErrType.
func (d Document) Decode(v any) error { return Unmarshal([]byte(d), v) }
