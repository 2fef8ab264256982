package environment

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/problems"
)

// EnvironmentTag is the tag by which costs are told apart.
const EnvironmentTag = "Environment"

const (
	// defaultTimeoutMinutes is the default of [Deployment.TimeoutMinutes], mostTimeoutMinutes
	// its limit.
	defaultTimeoutMinutes = 15
	mostTimeoutMinutes    = 24 * 60
	// mostMinutesBetweenRuns is the limit of [Canary.EveryMinutes].
	mostMinutesBetweenRuns = 60
)

// Timeout is how long a roll-out may take.
func (d Deployment) Timeout() time.Duration {
	if d.TimeoutMinutes == 0 {
		return defaultTimeoutMinutes * time.Minute
	}
	return time.Duration(d.TimeoutMinutes) * time.Minute
}

// Validate returns everything that is wrong with environments that are used together,
// joined, or nil: what [Environment.Validate] finds, each with the environment's name,
// and what two of them share and would overwrite for each other.
func Validate(envs ...Environment) error {
	var errs []error
	for _, env := range envs {
		for _, problem := range problems.List(env.Validate()) {
			errs = append(errs, fmt.Errorf("%s: %w", env.Name, problem))
		}
	}
	for _, of := range []struct {
		field string
		value func(Environment) string
	}{
		{"Name", func(e Environment) string { return e.Name }},
		{"Prefix", func(e Environment) string { return e.Prefix }},
		{"State.Key", func(e Environment) string { return e.State.Bucket + "/" + e.State.Key }},
		{"Deployment.Folder", func(e Environment) string { return e.State.Bucket + "/" + e.Deployment.Folder }},
	} {
		owner := map[string]string{}
		for _, env := range envs {
			value := of.value(env)
			if first, taken := owner[value]; taken {
				errs = append(errs, fmt.Errorf("%s: %s: is %q, want another one than that of %s", env.Name, of.field, value, first))
				continue
			}
			owner[value] = env.Name
		}
	}
	return errors.Join(errs...)
}

// What constructs/shape says nothing of, and names of what the stacks look up: each kind
// has limits of its own in AWS, which constructs/existing checks; here is what an ARN, a
// path or an endpoint does not have.
var (
	bucketPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	namePattern     = regexp.MustCompile(`^[A-Za-z0-9][\w+=,.@-]{0,254}$`)
	pathPattern     = regexp.MustCompile(`^[\w.-]+(/[\w.-]+)*$`)
	nodeKeyPattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	argumentPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	platformPattern = regexp.MustCompile(`^[a-z]+/[a-z0-9]+(/[a-z0-9]+)?$`)
	budgetPattern   = regexp.MustCompile(`^[^:\\]{1,100}$`)
	canaryPattern   = regexp.MustCompile(`^[0-9a-z_-]{1,255}$`)
)

const (
	aName = `a name in AWS: letters, digits and _ + = , . @ -; not an ARN`
	aKey  = "a stable name that matches " + problems.KeyPattern
)

// Validate returns everything that is wrong with the environment, joined, or nil. Who is
// notified and what is tuned is checked by the constructs, which know the alarms.
func (e Environment) Validate() error {
	c := &checker{}
	c.key("Name", e.Name)
	c.key("Prefix", e.Prefix)
	shape.CheckRegion(&c.Problems, "Region", e.Region)
	shape.AccountID.CheckIfGiven(&c.Problems, "AccountID", e.AccountID)
	c.match("State.Bucket", e.State.Bucket, bucketPattern, "the name of a bucket: 3 to 63 of a-z 0-9 . -")
	c.match("State.Key", e.State.Key, pathPattern, `the key of an object ("operations/staging/terraform.tfstate"), without a slash at its beginning or end`)
	e.Cluster.check(c)
	e.LoadBalancer.check(c)
	e.checkServiceLevels(c)
	c.name("Database.Instance", e.Database.Instance)
	c.name("Database.Class", e.Database.Class)
	c.name("Cache.NodeType", e.Cache.NodeType)
	e.Cache.check(c)
	e.Secret.check(c)
	c.name("Roles.TaskExecution", e.Roles.TaskExecution)
	e.Synthetics.check(c, e.Cluster.Services)
	e.Budget.check(c, e.Tags)
	for i, role := range e.Events.SecretReaders {
		c.name(fmt.Sprintf("Events.SecretReaders[%d]", i), role)
	}
	c.words("Events.HealthServices", e.Events.HealthServices)
	c.match("Deployment.Folder", e.Deployment.Folder, pathPattern, `a folder in the bucket ("deployments/staging"), without a slash at its beginning or end`)
	if m := e.Deployment.TimeoutMinutes; m < 0 || m > mostTimeoutMinutes {
		c.Want("Deployment.TimeoutMinutes", m, "0 (the default of %d) or 1 to %d", defaultTimeoutMinutes, mostTimeoutMinutes)
	}
	return c.Err()
}

func (cluster Cluster) check(c *checker) {
	c.name("Cluster.Name", cluster.Name)
	if len(cluster.Services) == 0 {
		c.Want("Cluster.Services", problems.Text("empty"), "at least one service")
	}
	keys, names := c.once(), c.once()
	for i, service := range cluster.Services {
		in := fmt.Sprintf("Cluster.Services[%d]", i)
		c.key(in+".Key", service.Key)
		keys(in+".Key", service.Key)
		c.name(in+".Name", service.Name)
		names(in+".Name", service.Name)
		c.name(in+".Container", service.Container)
		if service.Tasks < 0 {
			c.Want(in+".Tasks", service.Tasks, "how many tasks are enough, or 0 for 1")
		}
		shape.LogGroupName.Check(&c.Problems, in+".LogGroup", service.LogGroup)
		c.match(in+".Repository", service.Repository, pathPattern, `the name of an ECR repository ("omc-backend"), not its URI`)
		service.Build.check(c, in+".Build")
		c.words(in+".Migration", service.Migration)
		c.words(in+".DeploymentAlarms", service.DeploymentAlarms)
		for j, check := range service.Checks {
			check.check(c, fmt.Sprintf("%s.Checks[%d]", in, j))
		}
	}
}

func (b Build) check(c *checker, in string) {
	const relative = "a path below the root of the application's working tree"
	for _, p := range []struct{ field, value string }{{".Context", b.Context}, {".Dockerfile", b.Dockerfile}} {
		if p.value == "" || path.IsAbs(p.value) || strings.HasPrefix(path.Clean(p.value), "..") {
			c.Want(in+p.field, p.value, relative)
		}
	}
	c.match(in+".Platform", b.Platform, platformPattern, `a platform ("linux/amd64")`)
	for _, name := range problems.SortedKeys(b.Args) {
		c.match(in+".Args", name, argumentPattern, "names of build arguments: a letter or _, then letters, digits, _")
	}
}

func (check Check) check(c *checker, in string) {
	u, err := url.Parse(check.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		c.Want(in+".URL", check.URL, `an address such as "https://api.example.com/health"`)
	}
	if check.Status < 100 || check.Status > 599 {
		c.Want(in+".Status", check.Status, "an HTTP status: 100 to 599")
	}
}

func (b LoadBalancer) check(c *checker) {
	c.name("LoadBalancer.Name", b.Name)
	keys, names := c.once(), c.once()
	for i, group := range b.TargetGroups {
		in := fmt.Sprintf("LoadBalancer.TargetGroups[%d]", i)
		c.key(in+".Key", group.Key)
		keys(in+".Key", group.Key)
		c.name(in+".Name", group.Name)
		names(in+".Name", group.Name)
	}
}

// checkServiceLevels checks what the constructs do not know; they check the rest.
func (e Environment) checkServiceLevels(c *checker) {
	var groups []string
	for _, group := range e.LoadBalancer.TargetGroups {
		groups = append(groups, group.Key)
	}
	for i, level := range e.ServiceLevels {
		if !slices.Contains(groups, level.TargetGroup) {
			c.Want(fmt.Sprintf("ServiceLevels[%d].TargetGroup", i), level.TargetGroup, "%s", problems.OneOf(level.TargetGroup, groups))
		}
		if !(level.RequestsPerDay >= 0) {
			c.Want(fmt.Sprintf("ServiceLevels[%d].RequestsPerDay", i), level.RequestsPerDay, "how many requests there are on a usual day, or 0 when nobody knows")
		}
	}
}

func (cache Cache) check(c *checker) {
	c.name("Cache.ReplicationGroup", cache.ReplicationGroup)
	keys, ids := c.once(), c.once()
	for i, node := range cache.Nodes {
		in := fmt.Sprintf("Cache.Nodes[%d]", i)
		c.match(in+".Key", node.Key, nodeKeyPattern, `a stable name of a-z 0-9 - ("001")`)
		keys(in+".Key", node.Key)
		c.name(in+".ID", node.ID)
		ids(in+".ID", node.ID)
	}
}

func (s Secret) check(c *checker) {
	shape.SecretName.Check(&c.Problems, "Secret.Name", s.Name)
	switch days := s.RecoveryDays; {
	case days != 0 && s.DeleteImmediately:
		c.Want("Secret.RecoveryDays", days, "0 when DeleteImmediately is true")
	case days != 0 && (days < 7 || days > 30):
		c.Want("Secret.RecoveryDays", days, "0 (DeleteImmediately, or the default of 30) or 7 to 30")
	}
	names := c.once()
	for i, key := range s.Keys {
		field := fmt.Sprintf("Secret.Keys[%d].Name", i)
		shape.VariableName.Check(&c.Problems, field, key.Name)
		names(field, key.Name)
	}
}

func (s Synthetics) check(c *checker, services []Service) {
	answering := []string{}
	for _, service := range services {
		answering = append(answering, service.Key)
	}
	keys, names := c.once(), c.once()
	for i, canary := range s.Canaries {
		in := fmt.Sprintf("Synthetics.Canaries[%d]", i)
		c.key(in+".Key", canary.Key)
		keys(in+".Key", canary.Key)
		c.match(in+".Name", canary.Name, canaryPattern, "the name of a canary: 0-9 a-z _ -")
		names(in+".Name", canary.Name)
		if m := canary.EveryMinutes; m < 1 || m > mostMinutesBetweenRuns {
			c.Want(in+".EveryMinutes", m, "1 to %d", mostMinutesBetweenRuns)
		}
		if canary.Service != "" && !slices.Contains(answering, canary.Service) {
			c.Want(in+".Service", canary.Service, "%s", problems.OneOf(canary.Service, answering))
		}
		canary.Check.check(c, in+".Check")
	}
	if len(s.Canaries) == 0 {
		return
	}
	c.match("Synthetics.Bucket", s.Bucket, bucketPattern, "the name of a bucket: 3 to 63 of a-z 0-9 . -")
	c.name("Synthetics.Role", s.Role)
	c.name("Synthetics.Boundary", s.Boundary)
}

func (b Budget) check(c *checker, tags map[string]string) {
	c.match("Budget.Name", b.Name, budgetPattern, `the name of a budget: 1 to 100 characters without : and \`)
	if !(b.Amount > 0) {
		c.Want("Budget.Amount", b.Amount, "what a month may cost, more than 0")
	}
	if b.Currency == "" {
		c.Want("Budget.Currency", b.Currency, `the currency of Amount ("USD")`)
	}
	if b.AnomaliesFrom < 0 {
		c.Want("Budget.AnomaliesFrom", b.AnomaliesFrom, "what an anomaly comes to, or 0 to be told of none")
	}
	if tags[EnvironmentTag] == "" {
		c.Want("Tags", problems.Text("without "+EnvironmentTag), "the tag that the budget counts by")
	}
}

// A checker collects problems.
type checker struct{ problems.Problems }

func (c *checker) match(field, value string, pattern *regexp.Regexp, want string) {
	if !pattern.MatchString(value) {
		c.Want(field, value, "%s", want)
	}
}

func (c *checker) name(field, value string) { c.match(field, value, namePattern, aName) }

func (c *checker) key(field, value string) {
	if !problems.IsKey(value) {
		c.Want(field, value, aKey)
	}
}

// words wants every element of a list to say something.
func (c *checker) words(field string, list []string) {
	for i, word := range list {
		if strings.TrimSpace(word) == "" {
			c.Want(fmt.Sprintf("%s[%d]", field, i), word, "a word, or no list")
		}
	}
}

// once returns what wants each value that it is given to be another one. Empty ones are
// reported already.
func (c *checker) once() func(field, value string) {
	seen := map[string]string{}
	return func(field, value string) {
		if first, twice := seen[value]; twice && value != "" {
			c.Want(field, value, "each once: %s is the same", first)
			return
		}
		seen[value] = field
	}
}
