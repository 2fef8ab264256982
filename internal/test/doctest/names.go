package doctest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// names are the names of what exists in the account.
type names struct {
	mu    sync.Mutex
	known map[string]bool
}

// A resourceName begins like everything that belongs to an environment.
var resourceName = regexp.MustCompile(`(?:/ecs/)?\bohmycoins-(?:staging|prod)\b[A-Za-z0-9/_.-]*`)

// add makes every name in a value known: an environment, a stack.
func (n *names) add(value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[string]bool{}
	}
	for _, name := range resourceName.FindAllString(string(data), -1) {
		n.known[name] = true
	}
	return nil
}

var (
	// awsID is what AWS puts behind a name in an ARN: the 16 digits of a load
	// balancer, the 6 characters of a secret, the id of a task.
	awsID       = regexp.MustCompile(`^[0-9a-f-]{8,}$`)
	secretSalt  = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)
	nothing     = regexp.MustCompile(`$`)
	prefixOnly  = regexp.MustCompile(`^ohmycoins-(?:staging|prod)[/-]?$`)
	topLevelLog = regexp.MustCompile(`^/ecs/ohmycoins-(?:staging|prod)/?$`)
	ending      = regexp.MustCompile(`[.,/-]+$`)
	// timed is what people put behind a name: the time of a snapshot, or when one was
	// restored. Fewer digits may be a node that does not exist.
	timed = regexp.MustCompile(`(-snapshot)?-[0-9]{14}$`)
	// domainName is what AWS calls a load balancer in DNS.
	domainName = regexp.MustCompile(`-[0-9]+\.[a-z0-9-]+\.elb\.amazonaws\.com$`)
	// endpoint is what AWS puts behind the name of a database, which may be a restored
	// one, in DNS.
	endpoint = regexp.MustCompile(`(-[0-9]{14})?\.[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com$`)
)

// exists says whether a name, as it stands in a command or in a text, is the name of
// something, or begins the names of many things.
func (n *names) exists(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if prefixOnly.MatchString(name) || topLevelLog.MatchString(name) {
		return true
	}
	name = ending.ReplaceAllString(name, "")
	for _, suffix := range []*regexp.Regexp{nothing, secretSalt, timed, domainName, endpoint} {
		if n.known[suffix.ReplaceAllString(name, "")] {
			return true
		}
	}
	// The part of an ARN: cluster/service, load balancer/id.
	parts := strings.Split(name, "/")
	for _, part := range parts {
		if !n.known[part] && !awsID.MatchString(part) {
			return false
		}
	}
	return len(parts) > 1
}

// unknownNames returns the names in a request that do not exist. What a request
// creates exists from then on.
func (a *Account) unknownNames(action, request string) []string {
	_, verb, _ := strings.Cut(action, ":")
	creates := strings.HasPrefix(verb, "Create") || strings.HasPrefix(verb, "Restore")
	var unknown []string
	for _, name := range resourceName.FindAllString(request, -1) {
		switch {
		case a.names.exists(name):
		case creates:
			_ = a.names.add(name) // a string is always JSON
		case !slices.Contains(unknown, name):
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// UnknownNames returns the names in a text that nothing in the account has.
func (a *Account) UnknownNames(text string) []string {
	var unknown []string
	for _, name := range resourceName.FindAllString(text, -1) {
		if !a.names.exists(name) && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}
