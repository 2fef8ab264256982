package existing

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	tests := []struct {
		name string
		cfg  interface{ Validate() error }
		want string // "" accepts it
	}{
		{"load balancer", LoadBalancer{Name: "shop-alb"}, ""},
		{"load balancer: reference", LoadBalancer{Name: "${var.name}"}, ""},
		{"load balancer: nothing", LoadBalancer{}, `Name: is "", want the name of a load balancer ("shop-alb"): 1 to 32 of A-Z a-z 0-9 -, none at the ends`},
		{"load balancer: ARN suffix", LoadBalancer{Name: "app/shop-alb/50dc6c495c0c9188"}, `Name: is "app/shop-alb/50dc6c495c0c9188", want the name of a load balancer: "shop-alb"`},
		{"load balancer: DNS name", LoadBalancer{Name: "shop-alb-1.elb.amazonaws.com"}, `Name: is "shop-alb-1.elb.amazonaws.com", want the name of a load balancer ("shop-alb"), not a DNS name`},
		{"load balancer: hyphen at its end", LoadBalancer{Name: "shop-"}, `Name: is "shop-", want the name of a load balancer ("shop-alb"): 1 to 32 of A-Z a-z 0-9 -, none at the ends`},
		{"load balancer: too long", LoadBalancer{Name: strings.Repeat("a", 33)}, `Name: is "` + strings.Repeat("a", 33) + `", want the name of a load balancer ("shop-alb"): 1 to 32 of A-Z a-z 0-9 -, none at the ends`},
		{"target group", TargetGroup{Name: "shop-web-tg"}, ""},
		{"target group: ARN suffix", TargetGroup{Name: "targetgroup/web/2"}, `Name: is "targetgroup/web/2", want the name of a target group: "web"`},
		{"service", ECSService{Cluster: "shop", Name: "shop_web"}, ""},
		{"service: with its cluster", ECSService{Cluster: "arn:aws:ecs:eu-west-1:000000000000:cluster/shop", Name: "shop/web"}, `Cluster: is "arn:aws:ecs:eu-west-1:000000000000:cluster/shop", want the name of an ECS cluster: "shop"` + `
Name: is "shop/web", want the name of an ECS service: "web"`},
		{"database", Database{Instance: "shop-postgres", Class: "db.r6g.large", Engine: "aurora-postgresql", AllocatedStorageGiB: 20}, ""},
		{"database: serverless", Database{Instance: "db-1", Class: "db.serverless"}, ""},
		{"database: resource id", Database{Instance: "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"}, `Instance: is "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", want the DB instance identifier ("shop-postgres"), not the resource id`},
		{"database: endpoint", Database{Instance: "shop.abc.eu-west-1.rds.amazonaws.com"}, `Instance: is "shop.abc.eu-west-1.rds.amazonaws.com", want the DB instance identifier: "shop"`},
		{"database: two hyphens", Database{Instance: "shop--postgres"}, `Instance: is "shop--postgres", want the DB instance identifier ("shop-postgres"): 1 to 63 of a-z 0-9 -, a letter first, no "--", no "-" at the end`},
		{"database: class of a cache", Database{Instance: "shop", Class: "cache.t3.micro", Engine: "PostgreSQL"}, `Class: is "cache.t3.micro", want an instance class: "db.t3.micro"` + `
Engine: is "PostgreSQL", want an engine as RDS names it: "postgres"`},
		{"database: half a GiB", Database{Instance: "shop", AllocatedStorageGiB: 0.5}, "AllocatedStorageGiB: is 0.5, want whole GiB, 1 to 65536, or 0 for any"},
		{"database: bytes", Database{Instance: "shop", AllocatedStorageGiB: 20 << 30}, "AllocatedStorageGiB: is 2.147483648e+10, want whole GiB, 1 to 65536, or 0 for any"},
		{"database: no number", Database{Instance: "shop", AllocatedStorageGiB: math.NaN()}, "AllocatedStorageGiB: is NaN, want whole GiB, 1 to 65536, or 0 for any"},
		{"cache node", CacheNode{ID: "shop-redis-001", ReplicationGroup: "shop-redis", NodeType: "cache.t3.micro"}, ""},
		{"cache node: class of a database", CacheNode{ID: "shop-redis-001", NodeType: "db.t3.micro"}, `NodeType: is "db.t3.micro", want a node type ("cache.t3.micro")`},
		{"cache node: of a shard", CacheNode{ID: "shop-redis-0001-001"}, ""},
		{"cache node: its group", CacheNode{ID: "shop-redis", ReplicationGroup: "shop-redis"}, `ID: is "shop-redis", want the id of one node ("shop-redis-001"): CloudWatch has no metrics of replication groups`},
		{"cache node: endpoint", CacheNode{ID: "shop.abc.0001.apse2.cache.amazonaws.com", ReplicationGroup: "Shop"}, `ID: is "shop.abc.0001.apse2.cache.amazonaws.com", want the cache cluster id of a node ("shop-redis-001"), not an endpoint` + `
ReplicationGroup: is "Shop", want a replication group id ("shop-redis"): 1 to 40 of a-z 0-9 -, a letter first, no "--", no "-" at the end`},
		{"role", Role{Name: "shop@task"}, ""},
		{"role: path", Role{Name: "service-role/shop"}, `Name: is "service-role/shop", want the name of a role: "shop"`},
		{"policy", Policy{Name: "shop+boundary"}, ""},
		{"policy: ARN", Policy{Name: "arn:aws:iam::000000000000:policy/shop-boundary"}, `Name: is "arn:aws:iam::000000000000:policy/shop-boundary", want the name of a policy: "shop-boundary"`},
		{"policy: of AWS, with a path", Policy{Name: "service-role/AWSLambdaRole"}, `Name: is "service-role/AWSLambdaRole", want the name of a policy ("shop-boundary"): 1 to 128 of A-Z a-z 0-9 _ + = , . @ -`},
		{"secret", Secret{Name: "shop/app-secrets"}, ""},
		{"secret: ARN", Secret{Name: "arn:aws:secretsmanager:x"}, `Name: is "arn:aws:secretsmanager:x", want the name of a secret ("shop/app-secrets"), not an ARN`},
		{"queue", Queue{Name: "orders.fifo"}, ""},
		{"queue: URL", Queue{Name: "https://sqs.eu-west-1.amazonaws.com/000000000000/orders"}, `Name: is "https://sqs.eu-west-1.amazonaws.com/000000000000/orders", want the name of a queue: "orders"`},
		{"function", Function{Name: "resize_image"}, ""},
		{"function: version", Function{Name: "resize:3"}, `Name: is "resize:3", want the name of a function: "resize"`},
		{"table", Table{Name: "shop.carts"}, ""},
		{"table: ARN", Table{Name: "arn:aws:dynamodb:x"}, `Name: is "arn:aws:dynamodb:x", want the name of a table ("carts"), not an ARN`},
		{"log group", LogGroup{Name: "/aws/lambda/resize#1"}, ""},
		{"log group: ARN", LogGroup{Name: "arn:aws:logs:eu-west-1:000000000000:log-group:/ecs/web:*"}, `Name: is "arn:aws:logs:eu-west-1:000000000000:log-group:/ecs/web:*", want the name of a log group: "/ecs/web"`},
		{"topic", Topic{Name: "pager"}, ""},
		{"topic: ARN", Topic{Name: "arn:aws:sns:x"}, `Name: is "arn:aws:sns:x", want the name of a topic ("pager"), not an ARN`},
		{"provider", Topic{Name: "pager", Provider: "sydney"}, ""},
		{"provider: with its type", Topic{Name: "pager", Provider: "aws.sydney"}, `Provider: is "aws.sydney", want the alias of an AWS provider: "sydney"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := tt.cfg.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAddress checks that the name is in the id of a look-up.
func TestAddress(t *testing.T) {
	for _, tt := range []struct{ id, name, want string }{
		{"shop-alb", "shop-alb", "shop-alb"},
		{"balancer", "shop-alb", "balancer-shop-alb"},
		{"web", "/ecs/shop/web", "web-ecs-shop-web"},
		{"queue", "orders.fifo", "queue-orders.fifo"},
		{"queue", "${aws_sqs_queue.orders.name}", "queue"},
	} {
		if got := address(tt.id, tt.name); got != tt.want {
			t.Errorf("address(%q, %q) is %q, want %q", tt.id, tt.name, got, tt.want)
		}
	}
}
