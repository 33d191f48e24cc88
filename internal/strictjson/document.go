package strictjson

// Document is a JSON object that is decoded when somebody asks. Being a string, it cannot change.
type Document string

// Decode reads the document into the value v points to. Member names match exactly.
// The error is ErrSyntax, ErrDepth or ErrType.
func (d Document) Decode(v any) error { return Unmarshal([]byte(d), v) }
