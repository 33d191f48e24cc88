package interop_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// references are the names that a PromQL expression uses.
type references struct{ metrics, labels map[string]bool }

// lexeme is a part of an expression: a string, a name, a number or a duration, or a sign.
var lexeme = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9][0-9a-zA-Z.]*|\$\w+|\S`)

var (
	grouping = []string{"by", "without", "on", "ignoring", "group_left", "group_right"}
	operator = []string{"and", "or", "unless", "offset", "bool", "inf", "nan"}
)

// referencesOf reads an expression. What stands in braces before a comparison, and in the parentheses of a grouping, are
// labels; other names are metrics, unless parentheses make them functions.
func referencesOf(expression string) references {
	found := references{map[string]bool{}, map[string]bool{}}
	words := append(lexeme.FindAllString(expression, -1), "", "")
	braces, list := false, false
	for i, word := range words {
		switch {
		case word == "{" || word == "}":
			braces = word == "{"
		case word == "(" && i > 0 && slices.Contains(grouping, words[i-1]):
			list = true
		case word == ")":
			list = false
		case !isName(word) || slices.Contains(grouping, word) || slices.Contains(operator, word):
		case braces || list:
			found.labels[word] = true
		case words[i+1] == "(" || slices.Contains(grouping, words[i+1]):
		default:
			found.metrics[word] = true
		}
	}
	return found
}

var name = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

func isName(word string) bool { return name.MatchString(word) }

func TestReferences(t *testing.T) {
	for expression, want := range map[string]struct{ metrics, labels string }{
		`up`:                                {"up", ""},
		`sum by (a, b) (rate(m_total[5m]))`: {"m_total", "a b"},
		`sum(x{a="b,c=d", e!~"f{g}"}) without (h) / on (i) group_left (j) 2 * k:l`: {"k:l x", "a e h i j"},
		`histogram_quantile(0.99, sum by (le) (rate(m_bucket[$__rate_interval])))`: {"m_bucket", "le"},
		`(a or 0 * b) > 1e-3 and c offset 15m unless d == bool 1`:                  {"a b c d", ""},
	} {
		found := referencesOf(expression)
		metrics := strings.Join(slices.Sorted(maps.Keys(found.metrics)), " ")
		labels := strings.Join(slices.Sorted(maps.Keys(found.labels)), " ")
		if metrics != want.metrics || labels != want.labels {
			t.Errorf("%s: metrics %q, labels %q", expression, metrics, labels)
		}
	}
}
