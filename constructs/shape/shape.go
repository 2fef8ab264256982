// Package shape says what names, ARNs and addresses in AWS look like, and what to
// write instead of those that AWS shows beside them: an ARN, an endpoint or a URL
// where a name is wanted makes alarms that can never go off. It is plain Go, for the
// constructs here and for kinds of resources that other packages add:
//
//	func (q Queue) Validate() error {
//		var p monitoring.Problems
//		shape.QueueName.Check(&p, "Queue", q.Queue)
//		return p.Err()
//	}
//
// References of Terraform have every shape: nothing can be said about their value.
package shape

import (
	"regexp"
	"slices"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// Shape is what values of one kind look like.
type Shape struct {
	// what it is, with an example: `the name of a queue ("orders")`.
	what, example string
	// rule is what AWS allows: "1 to 80 of A-Z a-z 0-9 _ -". Default: the example says it.
	rule    string
	pattern *regexp.Regexp
	// others are what people write by mistake, the first that matches.
	others []other
	// max is how many bytes there may be. Default: what the pattern allows.
	max int
	// except is what AWS would allow, but is sure to be something else.
	except *regexp.Regexp
}

// matches reports whether a value has the shape.
func (s Shape) matches(value string) bool {
	return s.pattern.MatchString(value) && (s.max == 0 || len(value) <= s.max) && (s.except == nil || !s.except.MatchString(value))
}

// other is a value of another shape.
type other struct {
	pattern *regexp.Regexp
	// not says what the value is: "a resource id". Default: nothing.
	not string
	// instead is the value that was meant, made of what the pattern matched, such as
	// "$1". Default: it cannot be known.
	instead string
}

// Check reports a value without the shape, and what to write instead where that can
// be known: `Cluster: is "arn:…:cluster/shop", want the name of an ECS cluster:
// "shop"`.
func (s Shape) Check(p *problems.Problems, field, value string) {
	if token.Is(value) || s.matches(value) {
		return
	}
	for _, o := range s.others {
		m := o.pattern.FindStringSubmatchIndex(value)
		if m == nil {
			continue
		}
		if instead := string(o.pattern.ExpandString(nil, o.instead, value, m)); s.pattern.MatchString(instead) {
			p.Want(field, value, "%s: %q", s.what, instead)
			return
		}
		if o.not != "" {
			p.Want(field, value, "%s (%q), not %s", s.what, s.example, o.not)
			return
		}
	}
	if s.rule == "" {
		p.Want(field, value, "%s (%q)", s.what, s.example)
		return
	}
	p.Want(field, value, "%s (%q): %s", s.what, s.example, s.rule)
}

// CheckIfGiven is Check for a field that may be left out.
func (s Shape) CheckIfGiven(p *problems.Problems, field, value string) {
	if value != "" {
		s.Check(p, field, value)
	}
}

// arn matches the ARN of a resource of a service, up to the resource.
func arn(service, resource string) *regexp.Regexp {
	return regexp.MustCompile(`^arn:[^:]*:` + service + `:[^:]*:[^:]*:` + resource)
}

func re(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }

// meant is a value from which the one that was meant can be told.
func meant(pattern *regexp.Regexp, instead string) other {
	return other{pattern: pattern, instead: instead}
}

// is a value of which no part is the one that was meant.
func is(pattern *regexp.Regexp, not string) other { return other{pattern: pattern, not: not} }

// anyARN catches the ARNs of which no part is the value that is wanted.
var anyARN = is(regexp.MustCompile(`^arn:`), "an ARN")

// Limits of AWS, from the API references of each service: CreateLoadBalancer,
// CreateTargetGroup, CreateCluster, CreateService, CreateDBInstance,
// CreateCacheCluster, CreateReplicationGroup, CreateRole, CreateSecret, CreateQueue,
// CreateFunction, CreateTable, CreateLogGroup, CreateTopic.
var (
	// LoadBalancerName is the name of a load balancer: "shop-alb".
	LoadBalancerName = Shape{
		what: "the name of a load balancer", example: "shop-alb", rule: "1 to 32 of A-Z a-z 0-9 -, none at the ends",
		pattern: re(`[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?`),
		others: []other{
			meant(arn("elasticloadbalancing", "loadbalancer/(?:app|net|gwy)/([^/]+)/.*$"), "$1"),
			meant(re(`(?:app|net|gwy)/([^/]+)(?:/.*)?`), "$1"),
			is(re(`.*\.elb\..*`), "a DNS name"),
			anyARN,
		},
	}
	// TargetGroupName is the name of a target group: "shop-web-tg".
	TargetGroupName = Shape{
		what: "the name of a target group", example: "shop-web-tg", rule: "1 to 32 of A-Z a-z 0-9 -, none at the ends",
		pattern: re(`[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?`),
		others: []other{
			meant(arn("elasticloadbalancing", "targetgroup/([^/]+)/.*$"), "$1"),
			meant(re(`targetgroup/([^/]+)(?:/.*)?`), "$1"),
			anyARN,
		},
	}
	// LoadBalancerSuffix is the end of an application load balancer's ARN, as CloudWatch
	// wants it: "app/shop-alb/0123456789abcdef".
	LoadBalancerSuffix = Shape{
		what: "the end of the load balancer's ARN", example: "app/<name>/<id>", rule: "the ARN after loadbalancer/",
		pattern: re(`app/[A-Za-z0-9-]{1,32}/[0-9a-z]+`),
		others: []other{
			meant(arn("elasticloadbalancing", "(?:loadbalancer|listener)/(app/[^/]+/[^/]+)(?:/.*)?$"), "$1"),
			meant(re(`loadbalancer/(app/.*)`), "$1"),
			is(re(`app/[^/]+/?`), "one without the id"),
			is(re(`(?:arn:.*/)?(?:net|gwy)/.*`), "a network or gateway load balancer, which has other metrics"),
			is(re(`.*\.elb\..*`), "a DNS name"),
			is(re(`(?:arn:.*:)?targetgroup/.*`), "a target group"),
			anyARN,
		},
	}
	// TargetGroupSuffix is the end of a target group's ARN, as CloudWatch wants it:
	// "targetgroup/shop-web-tg/0123456789abcdef".
	TargetGroupSuffix = Shape{
		what: "the end of the target group's ARN", example: "targetgroup/<name>/<id>", rule: "the ARN after the last colon",
		pattern: re(`targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-z]+`),
		others: []other{
			meant(arn("elasticloadbalancing", "(targetgroup/.*)$"), "$1"),
			is(re(`targetgroup/[^/]+/?`), "one without the id"),
			is(re(`(?:arn:.*:loadbalancer/)?(?:app|net|gwy)/.*`), "a load balancer"),
			anyARN,
		},
	}
	// ClusterName is the name of an ECS cluster: "shop".
	ClusterName = Shape{
		what: "the name of an ECS cluster", example: "shop", rule: "1 to 255 of A-Z a-z 0-9 _ -", pattern: re(`[\w-]{1,255}`),
		others: []other{
			meant(arn("ecs", `(?:cluster|service|task)/([^/]+)(?:/.*)?$`), "$1"),
			meant(re(`cluster/([\w-]+)`), "$1"),
			meant(re(`([\w-]+)/[\w-]+`), "$1"),
			anyARN,
		},
	}
	// ServiceName is the name of an ECS service: "shop-web".
	ServiceName = Shape{
		what: "the name of an ECS service", example: "shop-web", rule: "1 to 255 of A-Z a-z 0-9 _ -", pattern: re(`[\w-]{1,255}`),
		others: []other{
			meant(arn("ecs", `service/(?:[^/]+/)?([^/]+)$`), "$1"),
			meant(re(`(?:service/)?(?:[\w-]+/)?([\w-]+)`), "$1"),
			anyARN,
		},
	}
	// DatabaseName is a DB instance identifier: "shop-postgres". Resource ids
	// ("db-ABC…") and clusters are none. Names that end in "-cluster" are taken for
	// those of clusters.
	DatabaseName = Shape{
		what: "the DB instance identifier", example: "shop-postgres", rule: `1 to 63 of a-z 0-9 -, a letter first, no "--", no "-" at the end`,
		pattern: re(`[a-z](?:-?[a-z0-9])*`), max: 63, except: re(`(?i:(?:db|cluster)-[a-z0-9]{24,})|(?:.*-)?cluster`),
		others: []other{
			meant(arn("rds", `db:(.*)$`), "$1"),
			is(re(`(?i:db-[A-Z0-9]{17,})`), "the resource id"),
			is(re(`(?i:cluster-[A-Z0-9]{17,})`), "the resource id of a cluster"),
			is(re(`.*\.cluster-(?:ro-|custom-)?[a-z0-9]+\..*|(?:arn:.*:)?cluster:.*|(?:.*-)?cluster`), "a cluster: take one of its instances"),
			meant(re(`([^.]+)\.[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(?:\.cn)?(?::\d+)?`), "$1"),
			anyARN,
		},
	}
	// DatabaseClusterName is a DB cluster identifier: "shop-aurora".
	DatabaseClusterName = Shape{
		what: "the DB cluster identifier", example: "shop-aurora", rule: DatabaseName.rule,
		pattern: DatabaseName.pattern, max: 63, except: re(`(?i:(?:db|cluster)-[a-z0-9]{24,})`),
		others: []other{
			meant(arn("rds", `cluster:(.*)$`), "$1"),
			is(re(`(?i:(?:db|cluster)-[A-Z0-9]{17,})`), "a resource id"),
			meant(re(`([^.]+)\.cluster-(?:ro-)?[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(?:\.cn)?(?::\d+)?`), "$1"),
			is(re(`.*\.rds\.amazonaws\..*`), "the endpoint of an instance"),
			anyARN,
		},
	}
	// DatabaseClass is an instance class of RDS: "db.t3.micro".
	DatabaseClass = Shape{
		what: "an instance class", example: "db.t3.micro", rule: `"db.", then the type`, pattern: re(`db(?:\.[a-z0-9-]+)+`),
		others: []other{meant(re(`(?:cache\.)?([a-z0-9-]+\.[a-z0-9]+)`), "db.$1")},
	}
	// DatabaseEngine is an engine as RDS names it: "postgres".
	DatabaseEngine = Shape{
		what: "an engine as RDS names it", example: "postgres", rule: `such as "mysql" or "aurora-postgresql"`, pattern: re(`[a-z][a-z0-9]*(?:-[a-z0-9]+)*`),
		others: []other{meant(re(`(?i:postgresql)`), "postgres")},
	}
	// CacheNodeName is the cache cluster id of a node: "shop-redis-001". CloudWatch knows
	// nodes, not replication groups.
	CacheNodeName = Shape{
		what: "the cache cluster id of a node", example: "shop-redis-001", rule: `1 to 50 of a-z 0-9 -, a letter first, no "--", no "-" at the end`,
		pattern: re(`[a-z](?:-?[a-z0-9])*`), max: 50,
		others: []other{
			meant(arn("elasticache", `cluster:(.*)$`), "$1"),
			is(arn("elasticache", `replicationgroup:`), "a replication group"),
			meant(re(`([^.]+-\d{3})\.[a-z0-9]+\.(?:0001\.)?[a-z0-9]+\.cache\.amazonaws\.com(?:\.cn)?(?::\d+)?`), "$1"),
			is(re(`.*\.cache\.amazonaws\.com.*`), "an endpoint"),
			anyARN,
		},
	}
	// GroupNodeName is the id of a node of a replication group, which ends in a number of
	// three digits: "shop-redis-001". A replication group is none.
	GroupNodeName = Shape{
		what: CacheNodeName.what, example: CacheNodeName.example, rule: CacheNodeName.rule,
		pattern: re(`[a-z](?:-?[a-z0-9])*-\d{3}`), max: CacheNodeName.max,
		others: slices.Concat(CacheNodeName.others, []other{is(CacheNodeName.pattern, "a replication group, of which CloudWatch has no metrics")}),
	}
	// CacheNodeType is a node type of ElastiCache: "cache.t3.micro".
	CacheNodeType = Shape{
		what: "a node type", example: "cache.t3.micro", pattern: re(`cache(?:\.[a-z0-9-]+)+`),
	}
	// ReplicationGroupName is the id of a replication group: "shop-redis".
	ReplicationGroupName = Shape{
		what: "a replication group id", example: "shop-redis", rule: `1 to 40 of a-z 0-9 -, a letter first, no "--", no "-" at the end`,
		pattern: re(`[a-z](?:-?[a-z0-9])*`), max: 40,
		others: []other{
			meant(arn("elasticache", `replicationgroup:(.*)$`), "$1"),
			is(re(`.*\.cache\.amazonaws\.com.*`), "an endpoint"),
			anyARN,
		},
	}
	// RoleName is the name of an IAM role, without its path.
	RoleName = Shape{
		what: "the name of a role", example: "shop-task-execution", rule: "1 to 64 of A-Z a-z 0-9 _ + = , . @ -", pattern: re(`[\w+=,.@-]{1,64}`),
		others: []other{
			meant(arn("iam", `role/(?:.*/)?([^/]+)$`), "$1"),
			is(arn("iam", `instance-profile/`), "an instance profile"),
			meant(re(`/?(?:[^/:]+/)+([^/]+)`), "$1"),
			anyARN,
		},
	}
	// PolicyName is the name of a managed policy of the account, without a path.
	PolicyName = Shape{
		what: "the name of a policy", example: "shop-boundary", rule: "1 to 128 of A-Z a-z 0-9 _ + = , . @ -", pattern: re(`[\w+=,.@-]{1,128}`),
		others: []other{meant(arn("iam", `policy/([^/]+)$`), "$1"), anyARN},
	}
	// SecretName is the name of a secret in Secrets Manager: "shop/app-secrets".
	SecretName = Shape{
		what: "the name of a secret", example: "shop/app-secrets", rule: "1 to 512 of A-Z a-z 0-9 / _ + = . @ -", pattern: re(`[A-Za-z0-9/_+=.@-]{1,512}`),
		others: []other{meant(arn("secretsmanager", `secret:(.*)-[A-Za-z0-9]{6}$`), "$1"), anyARN},
	}
	// QueueName is the name of an SQS queue: "orders".
	QueueName = Shape{
		what: "the name of a queue", example: "orders", rule: `1 to 80 of A-Z a-z 0-9 _ -, for a FIFO queue with ".fifo" at the end`,
		pattern: re(`[\w-]{1,80}|[\w-]{1,75}\.fifo`),
		others: []other{
			meant(arn("sqs", `(.*)$`), "$1"),
			meant(re(`https?://[^/]+/\d{12}/([^/]+)`), "$1"),
			anyARN,
		},
	}
	// FunctionName is the name of a Lambda function, without version or alias.
	FunctionName = Shape{
		what: "the name of a function", example: "resize-image", rule: "1 to 64 of A-Z a-z 0-9 _ -, without version or alias", pattern: re(`[\w-]{1,64}`),
		others: []other{meant(arn("lambda", `function:([^:]+)(?::.*)?$`), "$1"), meant(re(`([\w-]+):[^:]+`), "$1"), anyARN},
	}
	// TableName is the name of a DynamoDB table: "carts".
	TableName = Shape{
		what: "the name of a table", example: "carts", rule: "3 to 255 of A-Z a-z 0-9 _ . -", pattern: re(`[\w.-]{3,255}`),
		others: []other{meant(arn("dynamodb", `table/([^/]+)(?:/.*)?$`), "$1"), anyARN},
	}
	// LogGroupName is the name of a group of CloudWatch Logs: "/ecs/shop/web".
	LogGroupName = Shape{
		what: "the name of a log group", example: "/ecs/shop/web", rule: "1 to 512 of A-Z a-z 0-9 _ - / . #", pattern: re(`[\w./#-]{1,512}`),
		others: []other{meant(arn("logs", `log-group:([^:]+)(?::.*)?$`), "$1"), anyARN},
	}
	// TopicName is the name of an SNS topic: "pager".
	TopicName = Shape{
		what: "the name of a topic", example: "pager", rule: `1 to 256 of A-Z a-z 0-9 _ -, for a FIFO topic with ".fifo" at the end`,
		pattern: re(`[\w-]{1,256}|[\w-]{1,251}\.fifo`),
		others:  []other{meant(arn("sns", `([^:]+)(?::.*)?$`), "$1"), anyARN},
	}
	// VariableName is the name of an environment variable: "DATABASE_URL".
	VariableName = Shape{
		what: "the name of an environment variable", example: "DATABASE_URL", rule: "a letter or _, then letters, digits, _", pattern: re(`[A-Za-z_][A-Za-z0-9_]*`),
	}
	// AccountID is the id of an AWS account: 12 digits.
	AccountID = Shape{
		what: "an account id", example: "000000000000", rule: "12 digits", pattern: re(`\d{12}`),
		others: []other{meant(re(`(\d{4})-(\d{4})-(\d{4})`), "$1$2$3"), meant(re(`arn:[^:]*:[^:]*:[^:]*:(\d{12}):.*`), "$1")},
	}
	// ProviderAlias is the alias of a provider: "sydney".
	ProviderAlias = Shape{
		what: "the alias of an AWS provider", example: "sydney", rule: "a letter or _, then letters, digits, _ -", pattern: re(`[A-Za-z_][\w-]*`),
		others: []other{meant(re(`aws\.(.*)`), "$1")},
	}
)
