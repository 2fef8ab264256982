package fakeaws

import (
	"fmt"
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

func (c *Cloud) getMetricData(r request) reply {
	silent := map[string]bool{}
	for name := range c.Audited.Silent {
		silent[fmt.Sprint(c.alarmDimensions(name))] = true
	}
	var results []any
	queries, _ := r.body["MetricDataQueries"].([]any)
	if len(queries) == 0 || len(queries) > 500 {
		return failure(http.StatusBadRequest, "ValidationError", "The parameter MetricDataQueries has to have 1 to 500 queries")
	}
	for _, item := range queries {
		query, _ := item.(map[string]any)
		stat, _ := query["MetricStat"].(map[string]any)
		metric, _ := stat["Metric"].(map[string]any)
		result := map[string]any{"Id": query["Id"], "Label": metric["MetricName"], "StatusCode": "Complete", "Timestamps": []any{}, "Values": []any{}}
		if metric["Namespace"] == c.Env.Maintenance().Namespace {
			result["Timestamps"], result["Values"] = c.customData(r)
		} else if !silent[fmt.Sprint(metric["Dimensions"])] {
			result["Timestamps"], result["Values"] = []any{c.Clock.Now().Unix() - 60}, []any{1}
		}
		results = append(results, result)
	}
	return ok(map[string]any{"MetricDataResults": results})
}

// customData are the sums of the minutes that a call asks for, newest first.
func (c *Cloud) customData(r request) (minutes, values []any) {
	from, to := r.seconds("StartTime"), r.seconds("EndTime")
	minutes, values = []any{}, []any{}
	for _, minute := range slices.Backward(slices.Sorted(maps.Keys(c.Data))) {
		if minute >= from && minute < to {
			minutes, values = append(minutes, minute), append(values, c.Data[minute])
		}
	}
	return minutes, values
}

// putMetricData takes data of at most two weeks ago and two hours ahead, 1000 at once
// (API reference, PutMetricData).
func (c *Cloud) putMetricData(r request) reply {
	data, _ := r.body["MetricData"].([]any)
	if len(data) == 0 || len(data) > 1000 {
		return failure(http.StatusBadRequest, "ValidationError", "The collection MetricData must have 1 to 1000 members")
	}
	now := c.Clock.Now().Unix()
	for _, item := range data {
		datum, _ := item.(map[string]any)
		at, _ := datum["Timestamp"].(float64)
		if int64(at) < now-14*24*3600 || int64(at) > now+2*3600 {
			return failure(http.StatusBadRequest, "InvalidParameterValue", "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks and two hours into the future.")
		}
	}
	for _, item := range data {
		datum, _ := item.(map[string]any)
		at, _ := datum["Timestamp"].(float64)
		value, _ := datum["Value"].(float64)
		c.Data[int64(at)/60*60] += value
	}
	return ok(map[string]any{})
}

func (c *Cloud) listDashboards(request) reply {
	return ok(map[string]any{"DashboardEntries": []any{map[string]any{"DashboardName": c.Env.Prefix}}})
}

func (c *Cloud) getDashboard(r request) reply {
	return ok(map[string]any{"DashboardName": r.text("DashboardName"), "DashboardBody": `{"widgets":[{"type":"text","x":0,"y":0,"width":24,"height":1,"properties":{"markdown":"# All is well"}}]}`})
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
