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
		{"load balancer: nothing", LoadBalancer{}, `Name: is "", want ` + loadBalancerName.want},
		{"load balancer: ARN suffix", LoadBalancer{Name: "app/shop-alb/50dc6c495c0c9188"}, `Name: is "app/shop-alb/50dc6c495c0c9188", want ` + loadBalancerName.want},
		{"load balancer: DNS name", LoadBalancer{Name: "shop-alb-1.elb.amazonaws.com"}, `Name: is "shop-alb-1.elb.amazonaws.com", want ` + loadBalancerName.want},
		{"load balancer: hyphen at its end", LoadBalancer{Name: "shop-"}, `Name: is "shop-", want ` + loadBalancerName.want},
		{"load balancer: too long", LoadBalancer{Name: strings.Repeat("a", 33)}, `Name: is "` + strings.Repeat("a", 33) + `", want ` + loadBalancerName.want},
		{"target group", TargetGroup{Name: "shop-web-tg"}, ""},
		{"target group: ARN suffix", TargetGroup{Name: "targetgroup/web/2"}, `Name: is "targetgroup/web/2", want ` + targetGroupName.want},
		{"service", ECSService{Cluster: "shop", Name: "shop_web"}, ""},
		{"service: with its cluster", ECSService{Cluster: "arn:aws:ecs:eu-west-1:000000000000:cluster/shop", Name: "shop/web"}, `Cluster: is "arn:aws:ecs:eu-west-1:000000000000:cluster/shop", want ` + clusterName.want + `
Name: is "shop/web", want ` + serviceName.want},
		{"database", Database{Instance: "shop-postgres", Class: "db.r6g.large", Engine: "aurora-postgresql", AllocatedStorageGiB: 20}, ""},
		{"database: serverless", Database{Instance: "db-1", Class: "db.serverless"}, ""},
		{"database: resource id", Database{Instance: "db-ABCDEFGHIJKL"}, `Instance: is "db-ABCDEFGHIJKL", want ` + databaseName.want},
		{"database: endpoint", Database{Instance: "shop.abc.eu-west-1.rds.amazonaws.com"}, `Instance: is "shop.abc.eu-west-1.rds.amazonaws.com", want ` + databaseName.want},
		{"database: two hyphens", Database{Instance: "shop--postgres"}, `Instance: is "shop--postgres", want ` + databaseName.want},
		{"database: class of a cache", Database{Instance: "shop", Class: "cache.t3.micro", Engine: "PostgreSQL"}, `Class: is "cache.t3.micro", want ` + databaseClass.want + `
Engine: is "PostgreSQL", want ` + databaseEngine.want},
		{"database: half a GiB", Database{Instance: "shop", AllocatedStorageGiB: 0.5}, "AllocatedStorageGiB: is 0.5, want whole GiB, 1 to 65536, or 0 for any"},
		{"database: bytes", Database{Instance: "shop", AllocatedStorageGiB: 20 << 30}, "AllocatedStorageGiB: is 2.147483648e+10, want whole GiB, 1 to 65536, or 0 for any"},
		{"database: no number", Database{Instance: "shop", AllocatedStorageGiB: math.NaN()}, "AllocatedStorageGiB: is NaN, want whole GiB, 1 to 65536, or 0 for any"},
		{"cache node", CacheNode{ID: "shop-redis-001", ReplicationGroup: "shop-redis", NodeType: "cache.t3.micro"}, ""},
		{"cache node: class of a database", CacheNode{ID: "shop-redis-001", NodeType: "db.t3.micro"}, `NodeType: is "db.t3.micro", want ` + cacheNodeType.want},
		{"cache node: of a shard", CacheNode{ID: "shop-redis-0001-001"}, ""},
		{"cache node: its group", CacheNode{ID: "shop-redis", ReplicationGroup: "shop-redis"}, `ID: is "shop-redis", want the id of one node ("shop-redis-001"): CloudWatch has no metrics of replication groups`},
		{"cache node: endpoint", CacheNode{ID: "shop.abc.0001.apse2.cache.amazonaws.com", ReplicationGroup: "Shop"}, `ID: is "shop.abc.0001.apse2.cache.amazonaws.com", want ` + cacheNodeName.want + `
ReplicationGroup: is "Shop", want ` + replicationGroupName.want},
		{"role", Role{Name: "shop@task"}, ""},
		{"role: path", Role{Name: "service-role/shop"}, `Name: is "service-role/shop", want ` + roleName.want},
		{"secret", Secret{Name: "shop/app-secrets"}, ""},
		{"secret: ARN", Secret{Name: "arn:aws:secretsmanager:x"}, `Name: is "arn:aws:secretsmanager:x", want ` + secretName.want},
		{"queue", Queue{Name: "orders.fifo"}, ""},
		{"queue: URL", Queue{Name: "https://sqs.eu-west-1.amazonaws.com/000000000000/orders"}, `Name: is "https://sqs.eu-west-1.amazonaws.com/000000000000/orders", want ` + queueName.want},
		{"function", Function{Name: "resize_image"}, ""},
		{"function: version", Function{Name: "resize:3"}, `Name: is "resize:3", want ` + functionName.want},
		{"table", Table{Name: "shop.carts"}, ""},
		{"table: ARN", Table{Name: "arn:aws:dynamodb:x"}, `Name: is "arn:aws:dynamodb:x", want ` + tableName.want},
		{"log group", LogGroup{Name: "/aws/lambda/resize#1"}, ""},
		{"log group: ARN", LogGroup{Name: "arn:aws:logs:x:log-group:/ecs/web:*"}, `Name: is "arn:aws:logs:x:log-group:/ecs/web:*", want ` + logGroupName.want},
		{"topic", Topic{Name: "pager"}, ""},
		{"topic: ARN", Topic{Name: "arn:aws:sns:x"}, `Name: is "arn:aws:sns:x", want ` + topicName.want},
		{"provider", Topic{Name: "pager", Provider: "sydney"}, ""},
		{"provider: with its type", Topic{Name: "pager", Provider: "aws.sydney"}, `Provider: is "aws.sydney", want ` + providerAlias.want},
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
