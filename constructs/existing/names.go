package existing

import (
	"regexp"

	"github.com/ohmycoins/infra/internal/cdk/token"
	"github.com/ohmycoins/infra/internal/problems"
)

// A shape is what names of one kind look like. Ids, ARNs, endpoints and URLs that AWS
// shows beside a name do not have it.
type shape struct {
	pattern *regexp.Regexp
	want    string
}

// Limits of AWS, from the API references of each service: CreateLoadBalancer,
// CreateTargetGroup, CreateCluster, CreateService, CreateDBInstance,
// CreateCacheCluster, CreateReplicationGroup, CreateRole, CreateSecret, CreateQueue,
// CreateFunction, CreateTable, CreateLogGroup, CreateTopic.
var (
	loadBalancerName = shape{
		regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`),
		`the name of a load balancer ("shop-alb"): 1 to 32 of A-Z a-z 0-9 -; not its ARN, "app/…" or DNS name`,
	}
	targetGroupName = shape{
		regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`),
		`the name of a target group ("shop-web-tg"): 1 to 32 of A-Z a-z 0-9 -; not its ARN or "targetgroup/…"`,
	}
	clusterName = shape{
		regexp.MustCompile(`^[\w-]{1,255}$`),
		`the name of an ECS cluster ("shop"): 1 to 255 of A-Z a-z 0-9 _ -; not its ARN`,
	}
	serviceName = shape{
		regexp.MustCompile(`^[\w-]{1,255}$`),
		`the name of an ECS service ("shop-web"): 1 to 255 of A-Z a-z 0-9 _ -; not its ARN or "cluster/service"`,
	}
	databaseName = shape{
		regexp.MustCompile(`^[a-z](-?[a-z0-9]){0,62}$`),
		`a DB instance identifier ("shop-postgres"): 1 to 63 of a-z 0-9 -, a letter first, no "--"; not a resource id ("db-ABC…"), ARN or endpoint`,
	}
	databaseClass = shape{
		regexp.MustCompile(`^db(\.[a-z0-9-]+)+$`),
		`an instance class ("db.t3.micro")`,
	}
	databaseEngine = shape{
		regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`),
		`an engine as RDS names it ("postgres", "mysql", "aurora-postgresql")`,
	}
	cacheNodeName = shape{
		regexp.MustCompile(`^[a-z](-?[a-z0-9]){0,49}$`),
		`the cache cluster id of a node ("shop-redis-001"): 1 to 50 of a-z 0-9 -, a letter first, no "--"; not an ARN or endpoint`,
	}
	cacheNodeType = shape{
		regexp.MustCompile(`^cache(\.[a-z0-9-]+)+$`),
		`a node type ("cache.t3.micro")`,
	}
	replicationGroupName = shape{
		regexp.MustCompile(`^[a-z](-?[a-z0-9]){0,39}$`),
		`a replication group id ("shop-redis"): 1 to 40 of a-z 0-9 -, a letter first, no "--"; not an ARN or endpoint`,
	}
	roleName = shape{
		regexp.MustCompile(`^[\w+=,.@-]{1,64}$`),
		`the name of a role ("shop-task-execution"): 1 to 64 of A-Z a-z 0-9 _ + = , . @ -; not its ARN or path`,
	}
	secretName = shape{
		regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`),
		`the name of a secret ("shop/app-secrets"): 1 to 512 of A-Z a-z 0-9 / _ + = . @ -; not its ARN`,
	}
	queueName = shape{
		regexp.MustCompile(`^([\w-]{1,80}|[\w-]{1,75}\.fifo)$`),
		`the name of a queue ("orders"): 1 to 80 of A-Z a-z 0-9 _ -, for a FIFO queue with ".fifo"; not its URL or ARN`,
	}
	functionName = shape{
		regexp.MustCompile(`^[\w-]{1,64}$`),
		`the name of a function ("resize-image"): 1 to 64 of A-Z a-z 0-9 _ -; not its ARN, and without version or alias`,
	}
	tableName = shape{
		regexp.MustCompile(`^[\w.-]{3,255}$`),
		`the name of a table ("carts"): 3 to 255 of A-Z a-z 0-9 _ . -; not its ARN`,
	}
	logGroupName = shape{
		regexp.MustCompile(`^[\w./#-]{1,512}$`),
		`the name of a log group ("/ecs/shop/web"): 1 to 512 of A-Z a-z 0-9 _ - / . #; not its ARN`,
	}
	topicName = shape{
		regexp.MustCompile(`^([\w-]{1,256}|[\w-]{1,251}\.fifo)$`),
		`the name of a topic ("pager"): 1 to 256 of A-Z a-z 0-9 _ -, for a FIFO topic with ".fifo"; not its ARN`,
	}
	providerAlias = shape{
		regexp.MustCompile(`^[A-Za-z_][\w-]*$`),
		`the alias of a provider ("sydney"), without "aws."`,
	}
)

// check reports a value without that shape.
func (s shape) check(p *problems.Problems, field, value string) {
	if !token.Is(value) && !s.pattern.MatchString(value) {
		p.Want(field, value, "%s", s.want)
	}
}

// checkIfGiven is check for a field that may be left out.
func (s shape) checkIfGiven(p *problems.Problems, field, value string) {
	if value != "" {
		s.check(p, field, value)
	}
}

// named returns what is wrong with a look-up that has a name and a provider only.
func named(s shape, name, provider string) error {
	var p problems.Problems
	s.check(&p, "Name", name)
	providerAlias.checkIfGiven(&p, "Provider", provider)
	return p.Err()
}
