package events

import (
	"fmt"

	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/problems"
)

// RDS tells of a database. Events: Amazon RDS user guide, "Amazon RDS event categories
// and event messages". RDS delivers them as well as it can, and may lose one.
type RDS struct {
	// Key begins the keys of the rules. Default: "rds".
	Key string
	// Instance is the DB instance identifier.
	Instance string
}

// Validate implements [Source].
func (d RDS) Validate() error {
	var p problems.Problems
	checkKey(&p, d.Key)
	shape.DatabaseName.Check(&p, "Instance", d.Instance)
	return p.Err()
}

// Rules implements [Source].
func (d RDS) Rules() []Rule {
	category := func(name string) Pattern {
		return Pattern{
			"source": Is("aws.rds"), "detail-type": Is("RDS DB Instance Event"),
			// AWS's sample has the name with a prefix, its description the name alone.
			"detail": Pattern{"SourceIdentifier": Is(d.Instance, "rds:"+d.Instance), "EventCategories": Is(name)},
		}
	}
	const title, where = "<$.detail.Message>", "the database <$.detail.SourceIdentifier>, <$.detail.EventID>"
	return kind("rds", d.Key, []Rule{
		{
			Key: "failover", Severity: monitoring.Warning, Pattern: category("failover"),
			Title: "Failover of the database: " + title, Where: where,
			First: "Look whether the application has reconnected: restart the services whose errors go on.",
		},
		{
			Key: "low-storage", Severity: monitoring.Critical, Pattern: category("low storage"),
			Title: "The database is short of storage: " + title, Where: where,
			First:   "Raise the allocated storage now: a full disk stops the database.",
			Runbook: "rds-storage-low", // of the alarm
		},
		{
			Key: "failure", Severity: monitoring.Critical, Pattern: category("failure"),
			Title: "The database has failed: " + title, Where: where,
			First: "Look at the state of the instance, then restore to a point in time where RDS asks for it.",
		},
	})
}

// ElastiCache tells of failovers of a replication group that somebody causes by a call.
// Of those that ElastiCache makes by itself EventBridge is not told: for nodes it has
// only calls, and its own events are of serverless caches (ElastiCache user guide,
// "Monitoring events"). The alarm "failover" of monitoring.Redis tells of both.
type ElastiCache struct {
	// Key begins the keys of the rules. Default: "redis".
	Key string
	// ReplicationGroup is the id of the group.
	ReplicationGroup string
}

// Validate implements [Source].
func (e ElastiCache) Validate() error {
	var p problems.Problems
	checkKey(&p, e.Key)
	shape.ReplicationGroupName.Check(&p, "ReplicationGroup", e.ReplicationGroup)
	return p.Err()
}

// Rules implements [Source].
func (e ElastiCache) Rules() []Rule {
	return kind("redis", e.Key, []Rule{{
		Key: "failover", Severity: monitoring.Warning,
		Pattern: call("elasticache", Pattern{
			"requestParameters": Pattern{"replicationGroupId": Is(e.ReplicationGroup)},
			or: Either(
				Pattern{"eventName": Is("TestFailover")},
				Pattern{"eventName": Is("ModifyReplicationGroup"), "requestParameters": Pattern{"primaryClusterId": Is(Exists(true))}},
			),
		}),
		Title: "<$.detail.userIdentity.arn> makes a replica of Redis the primary (<$.detail.eventName>)",
		Where: "the replication group <$.detail.requestParameters.replicationGroupId>",
		First: "Ask who did it, and look whether the application has reconnected.",
	}})
}

// Secret tells of a secret in Secrets Manager: of what is done to it, and who reads it.
// It needs a trail that logs management events, reading ones included. Events: AWS
// Secrets Manager user guide, "AWS CloudTrail entries for Secrets Manager".
type Secret struct {
	// Key begins the keys of the rules. Default: "secret".
	Key string
	// Name and ARN are those of the secret: calls name it by either.
	Name, ARN string
	// Readers are the names of the roles that may read the value without anybody being
	// told, such as the role that starts the tasks.
	Readers []string
}

// Validate implements [Source].
func (s Secret) Validate() error {
	var p problems.Problems
	checkKey(&p, s.Key)
	shape.SecretName.Check(&p, "Name", s.Name)
	shape.SecretARN.Check(&p, "ARN", s.ARN)
	checkList(&p, "Readers", s.Readers, shape.RoleName, "at least one role: else every start of a task is told")
	return p.Err()
}

// Rules implements [Source].
func (s Secret) Rules() []Rule {
	// A call may name the secret by its ARN without the six characters at the end.
	named := Pattern{"secretId": Is(s.Name, s.ARN, Suffix(":secret:"+s.Name))}
	var readers []any
	for _, r := range s.Readers {
		readers = append(readers, r)
	}
	const which = "the secret <$.detail.requestParameters.secretId>"
	issuer := func(values []any) Pattern {
		return Pattern{"userIdentity": Pattern{"sessionContext": Pattern{"sessionIssuer": Pattern{"userName": values}}}}
	}
	return kind("secret", s.Key, []Rule{
		{
			Key: "deleted", Severity: monitoring.Critical,
			Pattern: call("secretsmanager", Pattern{"eventName": Is("DeleteSecret"), or: Either(
				Pattern{"requestParameters": named},
				// Some answers have the one spelling, some the other.
				Pattern{"responseElements": Pattern{"arn": Is(s.ARN)}},
				Pattern{"responseElements": Pattern{"aRN": Is(s.ARN)}},
			)}),
			Title: "<$.detail.userIdentity.arn> deletes a secret", Where: which,
			First: "Restore it at once when nobody meant to: no task starts without it.",
		},
		{
			Key: "rotation-failed", Severity: monitoring.Warning,
			Pattern: Pattern{
				"source": Is("aws.secretsmanager"), "detail-type": Is("AWS Service Event via CloudTrail"),
				"detail": Pattern{
					"eventSource": Is("secretsmanager.amazonaws.com"), "eventName": Is("RotationFailed"),
					"additionalEventData": Pattern{"SecretId": Is(s.Name, s.ARN)},
				},
			},
			Title: "The rotation of a secret failed", Where: "the secret <$.detail.additionalEventData.SecretId>",
			First: "Read the log of the function that rotates it. The old value is still the current one.",
		},
		{
			Key: "read", Severity: monitoring.Critical, ReadCalls: true,
			Pattern: call("secretsmanager", Pattern{
				"eventName":         Is("GetSecretValue"),
				"requestParameters": named,
				or: Either(
					issuer(Is(AnythingBut(readers...))),
					issuer(Is(Exists(false))), // a user, or the account's root
				),
			}),
			Title: "<$.detail.userIdentity.arn> reads a secret", Where: which + ", from the address <$.detail.sourceIPAddress>",
			First: "Ask who it was. When nobody knows, rotate every key of the secret.",
		},
	})
}

// checkList wants each value of a list to have a shape, and at least one.
func checkList(p *problems.Problems, field string, values []string, of shape.Shape, want string) {
	if len(values) == 0 {
		p.Want(field, problems.Text("empty"), "%s", want)
	}
	for i, v := range values {
		of.Check(p, fmt.Sprintf("%s[%d]", field, i), v)
	}
}
