package shape

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Email is an e-mail address that SNS takes: RFC 5321 without quoted parts and
// without the host as an address, in ASCII.
var Email = Shape{
	what: "an e-mail address", example: "name@example.com",
	pattern: re(atom + `(?:\.` + atom + `)*@(?:` + label + `\.)+` + topLevel), max: 254,
	except: re(`[^@]{65,}@.*`),
	others: []other{
		is(regexp.MustCompile(`[\p{Z}\p{C}\s].*@|@.*[\p{Z}\p{C}\s]|^[\p{Z}\p{C}\s]`), "one with spaces or invisible characters"),
		is(regexp.MustCompile(`[^\x00-\x7f]`), "one with other characters than ASCII, which SNS refuses"),
		is(regexp.MustCompile(`"`), "one with a quoted part, which SNS refuses"),
		is(regexp.MustCompile(`@(?:\[.*\]|[0-9.]+)$`), "one at an IP address"),
		is(regexp.MustCompile(`^.{255,}$`), "one of more than 254 characters"),
	},
}

const (
	atom  = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
	label = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	// topLevel is never a number, so that no spelling of an IP address is a host.
	topLevel = `(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{2,59})`
)

var (
	hostName = re(`(?:` + label + `\.)+` + topLevel + `\.?`)
	// Names that no public DNS answers (RFC 6761, RFC 6762, RFC 8375, ICANN).
	local = regexp.MustCompile(`(?i)(^|\.)(localhost|local|internal|intranet|lan|home|corp|home\.arpa|invalid|test)\.?$`)
)

// CheckEndpoint reports a URL that SNS cannot post to. Messages show of the URL only
// what shown says, because the rest is often a key.
func CheckEndpoint(p *problems.Problems, field, endpoint string, shown any) {
	if token.Is(endpoint) {
		return
	}
	u, err := url.Parse(endpoint)
	switch {
	case hasBlank(endpoint):
		p.Want(field, shown, "a URL without spaces and other characters that cannot be seen")
	case err != nil || u.Scheme != "https" || u.Hostname() == "":
		p.Want(field, shown, `a URL that begins with "https://"`)
	case u.User != nil:
		p.Want(field, shown, "a URL without user and password")
	case strings.Contains(endpoint, "#"):
		p.Want(field, shown, `a URL without a fragment ("#…")`)
	case u.Port() != "" && !isPort(u.Port()):
		p.Want(field, shown, "a port from 1 to 65535")
	case !isPublic(u.Hostname()):
		p.Want(field, shown, "a host that AWS can reach: a public one, with its full name")
	}
}

// CheckDocument reports what is not the URL of a document, to which "#" and the name
// of a section can be added.
func CheckDocument(p *problems.Problems, field, document string) {
	if token.Is(document) {
		return
	}
	u, err := url.Parse(document)
	switch {
	case hasBlank(document):
		p.Want(field, document, `a URL without spaces ("%%20" stands for one)`)
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		p.Want(field, document, `a URL that begins with "https://" or "http://"`)
	case strings.Contains(document, "#"):
		p.Want(field, document, `a URL without a fragment ("#…"): that of each alarm is added`)
	}
}

// hasBlank reports whether s has white space or a character that cannot be seen.
func hasBlank(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) })
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535
}

var (
	carrier   = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
	benchmark = netip.MustParsePrefix("198.18.0.0/15") // RFC 2544
	thisHost  = netip.MustParsePrefix("0.0.0.0/8")
)

func isPublic(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsGlobalUnicast() && !ip.IsPrivate() && !carrier.Contains(ip) && !benchmark.Contains(ip) && !thisHost.Contains(ip)
	}
	return hostName.MatchString(host) && !local.MatchString(host)
}
