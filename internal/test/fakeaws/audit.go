package fakeaws

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Audited is what only the audit of alarms looks at. Every alarm's metric is listed and
// has data unless this says something else.
type Audited struct {
	// Silent are alarms whose metrics have no data, and are not listed either.
	Silent map[string]bool
	// Samples are what was measured of metrics, by [MetricKey]. Default: one of the last
	// period for each alarm's.
	Samples map[string][]Sample
	// PageSize is how much a page of data or of history has at most. Default: AWS's.
	PageSize int
	// Status is what answers say of data instead of what is true.
	Status string
	// Garble changes an answer with data before it is written.
	Garble func(answer map[string]any)
	// History has the states of alarms, oldest first.
	History map[string][]Transition
	// Bodies are those of dashboards, by name.
	Bodies map[string]string
	// KeyPolicy is the policy of the key of the topics, whose id is [KeyID].
	KeyPolicy string
}

// KeyID is the id of the key of the topics.
const KeyID = "11111111-2222-3333-4444-555555555555"

// letCloudWatchIn is a statement for CloudWatch of the account.
func letCloudWatchIn(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":` + actions +
		`,"Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"` + Account + `"}}}]}`
}

// alarmDimensions are what an alarm's name says: a service's own.
func (c *Cloud) alarmDimensions(name string) []any {
	part := strings.Split(strings.TrimPrefix(name, c.Env.Prefix+"/"), "/")[0]
	return []any{
		map[string]any{"Name": "ClusterName", "Value": c.Env.Cluster.Name},
		map[string]any{"Name": "ServiceName", "Value": c.Env.Prefix + "-" + part},
	}
}

func (c *Cloud) listMetrics(r request) reply {
	var list []any
	if r.text("Namespace") == "AWS/ECS" {
		for _, name := range slices.Sorted(maps.Keys(c.Alarms)) {
			if !c.Audited.Silent[name] {
				list = append(list, map[string]any{"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Dimensions": c.alarmDimensions(name)})
			}
		}
	}
	return ok(map[string]any{"Metrics": list})
}

func (c *Cloud) listDashboards(r request) reply {
	entries := []any{}
	for _, name := range slices.Sorted(maps.Keys(c.Audited.Bodies)) {
		if strings.HasPrefix(name, r.text("DashboardNamePrefix")) {
			entries = append(entries, map[string]any{"DashboardName": name})
		}
	}
	return ok(map[string]any{"DashboardEntries": entries})
}

func (c *Cloud) getDashboard(r request) reply {
	body, exists := c.Audited.Bodies[r.text("DashboardName")]
	if !exists {
		return failure(http.StatusNotFound, "ResourceNotFound", "Dashboard "+r.text("DashboardName")+" does not exist")
	}
	return ok(map[string]any{"DashboardName": r.text("DashboardName"), "DashboardBody": body})
}

func (c *Cloud) getTopicAttributes(r request) reply {
	topic := r.form.Get("TopicArn")
	if _, exists := c.Health.Subscriptions[topic]; !exists {
		return failure(http.StatusNotFound, "NotFound", "Topic does not exist")
	}
	entry := func(key, value string) string {
		return "<entry><key>" + key + "</key><value>" + escape(value) + "</value></entry>"
	}
	return ok(`<GetTopicAttributesResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><GetTopicAttributesResult><Attributes>` +
		entry("TopicArn", topic) + entry("Policy", letCloudWatchIn(`"sns:Publish"`)) + entry("KmsMasterKeyId", KeyID) +
		`</Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>`)
}

func (c *Cloud) describeKey(request) reply {
	return ok(map[string]any{"KeyMetadata": map[string]any{"KeyId": KeyID, "Arn": c.arn("kms", "key/"+KeyID), "KeyState": "Enabled"}})
}

func (c *Cloud) getKeyPolicy(request) reply {
	return ok(map[string]any{"Policy": c.Audited.KeyPolicy, "PolicyName": "default"})
}
