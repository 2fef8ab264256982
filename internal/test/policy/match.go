package policy

import (
	"fmt"
	"strings"
)

// arnParts is how many parts an ARN has: arn:partition:service:region:account:resource.
const arnParts = 6

// splitARN returns the parts of an ARN. Colons in the resource belong to it.
func splitARN(arn string) []string { return strings.SplitN(arn, ":", arnParts) }

// arnLike reports whether an ARN matches a pattern. Parts match one by one, so that a
// wildcard never reaches over a colon, but in the last part.
func arnLike(arn, pattern string) (bool, error) {
	have, want := splitARN(arn), splitARN(pattern)
	if len(want) != arnParts {
		return false, fmt.Errorf("%q is not an ARN", pattern)
	}
	if len(have) != arnParts {
		return false, nil
	}
	for i := range want {
		if ok, err := wildcard(want[i], have[i]); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// resourceLike reports whether a resource matches a pattern of a policy: "*" or an ARN.
func resourceLike(resource, pattern string) (bool, error) {
	if pattern == "*" {
		return true, nil
	}
	return arnLike(resource, pattern)
}

// actionLike reports whether an action matches a pattern of a policy. Neither has a case.
func actionLike(action, pattern string) (bool, error) {
	if !hasWildcards(pattern) {
		return strings.EqualFold(action, pattern), nil
	}
	return wildcard(strings.ToLower(pattern), strings.ToLower(action))
}

func hasWildcards(pattern string) bool { return strings.ContainsAny(pattern, "*?$") }

// A rune of a pattern: literal, or one of the wildcards.
type token struct {
	text string
	kind byte // 0, '*', '?'
}

// tokens takes a pattern apart. ${*}, ${?} and ${$} are the characters themselves.
func tokens(pattern string) ([]token, error) {
	list := make([]token, 0, len(pattern))
	for pattern != "" {
		switch {
		case strings.HasPrefix(pattern, "${"):
			name, rest, closed := strings.Cut(pattern[2:], "}")
			if !closed || name != "*" && name != "?" && name != "$" {
				return nil, fmt.Errorf("%q: variable is not known", pattern)
			}
			list, pattern = append(list, token{text: name}), rest
		case pattern[0] == '*' || pattern[0] == '?':
			list, pattern = append(list, token{kind: pattern[0]}), pattern[1:]
		default:
			list, pattern = append(list, token{text: pattern[:1]}), pattern[1:]
		}
	}
	return list, nil
}

// wildcard reports whether text matches a pattern with * and ?.
func wildcard(pattern, text string) (bool, error) {
	if !hasWildcards(pattern) {
		return pattern == text, nil
	}
	list, err := tokens(pattern)
	if err != nil {
		return false, err
	}
	// After what does not match, the last * takes one more, and all behind it is tried again.
	at, star, taken := 0, -1, 0
	for i := 0; i < len(text); {
		switch {
		case at < len(list) && list[at].kind == '*':
			star, taken = at, i
			at++
		case at < len(list) && (list[at].kind == '?' || list[at].text == text[i:i+1]):
			at++
			i++
		case star >= 0:
			taken++
			at, i = star+1, taken
		default:
			return false, nil
		}
	}
	for at < len(list) && list[at].kind == '*' {
		at++
	}
	return at == len(list), nil
}

// unescape returns a value that has no wildcards.
func unescape(value string) (string, error) {
	if !strings.Contains(value, "${") {
		return value, nil
	}
	for _, name := range []string{"*", "?", "$"} {
		value = strings.ReplaceAll(value, "${"+name+"}", "\x00"+name)
	}
	if strings.Contains(value, "${") {
		return "", fmt.Errorf("%q: variable is not known", value)
	}
	return strings.ReplaceAll(value, "\x00", ""), nil
}

// resolve puts the values of context keys in the place of variables, with wildcards in
// them taken literally. A variable may have a default: ${aws:PrincipalTag/team, 'none'}.
// One without a value and without a default is an error, so that no policy depends on
// what AWS makes of it.
func resolve(text string, value func(key string) ([]string, error)) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", fmt.Errorf("%q: a variable has no end", text)
		}
		text = after
		if name == "*" || name == "?" || name == "$" {
			out.WriteString("${" + name + "}")
			continue
		}
		key, fallback, hasFallback := strings.Cut(name, ",")
		values, err := value(strings.TrimSpace(key))
		switch {
		case err != nil:
			return "", err
		case len(values) > 1:
			return "", fmt.Errorf("variable %q has several values", key)
		case len(values) == 1:
			out.WriteString(escape(values[0]))
		case hasFallback:
			out.WriteString(escape(strings.Trim(strings.TrimSpace(fallback), "'")))
		default:
			return "", fmt.Errorf("variable %q has no value in the request, and no default", key)
		}
	}
}

func escape(value string) string {
	return strings.NewReplacer("$", "${$}", "*", "${*}", "?", "${?}").Replace(value)
}
