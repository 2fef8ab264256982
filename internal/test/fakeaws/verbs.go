package fakeaws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/ohmycoins/infra/stacks/environment"
)

// Health is what the health checks and the test of the alarms look at. Fields may be
// changed like those of [Cloud].
type Health struct {
	// Healthy are targets that the load balancer likes, by target group.
	Healthy map[string][]string
	// Database is the state of the database, CacheNodes that of each node by id; ""
	// does not exist.
	Database   string
	CacheNodes map[string]string
	// Errors is how many lines with ERROR a log group has. They come five a page,
	// after an empty page.
	Errors map[string]int
	// AlarmDetails has what is known about alarms other than their state.
	AlarmDetails map[string]AlarmDetail
	// Subscriptions are those of each topic, by its ARN.
	Subscriptions map[string][]Subscription
	// Versions are the version ids of each secret, by ARN, newest first.
	Versions map[string][]string
}

// AlarmDetail is an alarm.
type AlarmDetail struct {
	Severity string
	Reason   string
	Actions  []string
	// Silent says that its actions are switched off.
	Silent bool
	// Definition has what differs from the definition that every alarm has. One with
	// "AlarmRule" is a composite alarm.
	Definition map[string]any
}

// Subscription is who gets what a topic is sent.
type Subscription struct {
	Protocol, Endpoint string
	Pending            bool
}

// TopicARN is the ARN of the topic of a severity.
func (c *Cloud) TopicARN(severity string) string {
	return c.arn("sns", c.Env.Prefix+"-"+severity)
}

// seedHealth makes everything well. It is called after everything else is there.
func (c *Cloud) seedHealth(env environment.Environment) {
	c.Health = Health{
		Healthy: map[string][]string{}, Database: "available", CacheNodes: map[string]string{}, Errors: map[string]int{},
		AlarmDetails: map[string]AlarmDetail{}, Subscriptions: map[string][]Subscription{}, Versions: map[string][]string{},
	}
	for _, group := range env.LoadBalancer.TargetGroups {
		c.Health.Healthy[group.Name] = []string{"10.0.1.10", "10.0.2.10"}
	}
	for _, node := range env.Cache.Nodes {
		c.Health.CacheNodes[node.ID] = "available"
	}
	for _, service := range env.Cluster.Services {
		c.Health.Errors[service.LogGroup] = 0
	}
	for secret := range c.Secrets {
		c.Health.Versions[secret] = []string{"version-of-before"}
	}
	for name := range c.Alarms {
		c.Health.AlarmDetails[name] = AlarmDetail{Severity: "critical", Actions: []string{c.TopicARN("critical")}}
	}
	c.Health.Subscriptions[c.TopicARN("critical")] = []Subscription{{Protocol: "email", Endpoint: "oncall@example.com"}}
	c.Health.Subscriptions[c.TopicARN("warning")] = []Subscription{{Protocol: "email", Endpoint: "platform@example.com"}}
}

// AddAlarm adds an alarm that notifies the topic of its severity.
func (c *Cloud) AddAlarm(name, severity, state string) {
	c.Alarms[name] = state
	c.Health.AlarmDetails[name] = AlarmDetail{Severity: severity, Actions: []string{c.TopicARN(severity)}}
}

// AddComposite adds an alarm that sends the messages of others, and takes them from the
// alarm that it speaks for.
func (c *Cloud) AddComposite(name, severity, of, suppressor string, wait int) {
	c.Alarms[name] = "OK"
	definition := map[string]any{"AlarmRule": `ALARM("` + of + `")`, "Namespace": nil, "MetricName": nil, "Dimensions": nil, "Threshold": nil}
	if suppressor != "" {
		definition["ActionsSuppressor"], definition["ActionsSuppressorWaitPeriod"], definition["ActionsSuppressorExtensionPeriod"] = suppressor, wait, 60
	}
	c.Health.AlarmDetails[name] = AlarmDetail{Severity: severity, Actions: []string{c.TopicARN(severity)}, Definition: definition}
	quiet := c.Health.AlarmDetails[of]
	quiet.Actions = nil
	c.Health.AlarmDetails[of] = quiet
}

// SecretARN is the ARN of the application's secret.
func (c *Cloud) SecretARN() string {
	for secret := range c.Secrets {
		return secret
	}
	return ""
}

// WriteSecret gives the application's secret a new version, as somebody else would.
func (c *Cloud) WriteSecret(text, version string) {
	secret := c.SecretARN()
	c.Secrets[secret] = text
	c.Health.Versions[secret] = append([]string{version}, c.Health.Versions[secret]...)
}

// secret returns the ARN of the secret that a call names by ARN or name.
func (c *Cloud) secret(r request) string {
	id := r.text("SecretId")
	for secret := range c.Secrets {
		if strings.HasSuffix(secret, ":secret:"+id+"-AbCdEf") {
			return secret
		}
	}
	return id
}

func (c *Cloud) presentVersion(secret string) string {
	if versions := c.Health.Versions[secret]; len(versions) > 0 {
		return versions[0]
	}
	return ""
}

func noSecret() reply {
	return failure(http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

func (c *Cloud) describeSecret(r request) reply {
	secret := c.secret(r)
	text, exists := c.Secrets[secret]
	if !exists {
		return noSecret()
	}
	stages := map[string]any{}
	if text != "" {
		for i, version := range c.Health.Versions[secret] {
			if i < 2 {
				stages[version] = []any{[]string{"AWSCURRENT", "AWSPREVIOUS"}[i]}
			}
		}
	}
	return ok(map[string]any{"ARN": secret, "Name": r.text("SecretId"), "VersionIdsToStages": stages})
}

func (c *Cloud) putSecretValue(r request) reply {
	secret, version := c.secret(r), r.text("ClientRequestToken")
	text, exists := c.Secrets[secret]
	switch {
	case !exists:
		return noSecret()
	case text == "": // it never had a version
		c.Health.Versions[secret] = nil
	case c.presentVersion(secret) == version: // the same call again
		return ok(map[string]any{"ARN": secret, "VersionId": version})
	}
	c.Secrets[secret] = r.text("SecretString")
	c.Health.Versions[secret] = append([]string{version}, c.Health.Versions[secret]...)
	return ok(map[string]any{"ARN": secret, "VersionId": version, "VersionStages": []any{"AWSCURRENT"}})
}

// alarmJSON is an alarm as it is described.
func (c *Cloud) alarmJSON(name string) map[string]any {
	detail := c.Health.AlarmDetails[name]
	reason := "12 datapoints were over the threshold"
	if detail.Reason != "" {
		reason = detail.Reason
	}
	alarm := map[string]any{
		"AlarmName": name, "AlarmArn": c.arn("cloudwatch", "alarm:"+name), "StateValue": c.Alarms[name], "StateReason": reason,
		"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 80,
		"Period": 60, "EvaluationPeriods": 5, "ActionsEnabled": !detail.Silent, "AlarmActions": detail.Actions, "OKActions": detail.Actions,
		"Dimensions": c.alarmDimensions(name), "StateUpdatedTimestamp": beginning.Unix(),
	}
	maps.Copy(alarm, detail.Definition)
	for key, value := range detail.Definition {
		if value == nil {
			delete(alarm, key)
		}
	}
	return alarm
}

func (c *Cloud) listTagsForResource(r request) reply {
	_, name, _ := strings.Cut(r.text("ResourceARN"), ":alarm:")
	var tags []any
	if severity := c.Health.AlarmDetails[name].Severity; severity != "" {
		tags = append(tags, map[string]any{"Key": "Severity", "Value": severity})
	}
	return ok(map[string]any{"Tags": tags})
}

func (c *Cloud) setAlarmState(r request) reply {
	name := r.text("AlarmName")
	if _, exists := c.Alarms[name]; !exists {
		return failure(http.StatusNotFound, "ResourceNotFound", "no such alarm")
	}
	c.SetAlarm(name, r.text("StateValue"), r.text("StateReason"))
	return ok(map[string]any{})
}

// SetAlarm gives an alarm a state, as CloudWatch does when it evaluates it.
func (c *Cloud) SetAlarm(name, state, reason string) {
	c.Alarms[name] = state
	detail := c.Health.AlarmDetails[name]
	detail.Reason = reason
	c.Health.AlarmDetails[name] = detail
}

func (c *Cloud) filterLogEvents(r request) reply {
	lines, exists := c.Health.Errors[r.text("logGroupName")]
	if !exists {
		return failure(http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist.")
	}
	const page = 5
	from := -page
	if token := r.text("nextToken"); token != "" {
		_, _ = fmt.Sscanf(token, "from %d", &from)
	}
	var events []any
	for i := max(from, 0); i < min(from+page, lines); i++ {
		events = append(events, map[string]any{"timestamp": c.Clock.Now().UnixMilli(), "message": fmt.Sprintf("ERROR: line %d with %s", i, SecretMarker)})
	}
	body := map[string]any{"events": events}
	if from+page < lines {
		body["nextToken"] = fmt.Sprintf("from %d", from+page)
	}
	return ok(body)
}

func (c *Cloud) describeTargetGroups(r request) reply {
	name := r.form.Get("Names.member.1")
	for _, group := range c.Env.LoadBalancer.TargetGroups {
		if _, exists := c.Health.Healthy[name]; !exists || group.Name != name {
			continue
		}
		return ok(`<DescribeTargetGroupsResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeTargetGroupsResult><TargetGroups><member>` +
			`<TargetGroupArn>` + c.groupARN(group.Key) + `</TargetGroupArn><TargetGroupName>` + name + `</TargetGroupName>` +
			`</member></TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>`)
	}
	return failure(http.StatusBadRequest, "TargetGroupNotFound", "One or more target groups not found")
}

func (c *Cloud) groupARN(key string) string {
	return c.arn("elasticloadbalancing", "targetgroup/"+key+"/0123456789abcdef")
}

// healthyTargets are the members of a description of targets that are healthy.
func (c *Cloud) healthyTargets(arn string) string {
	var members strings.Builder
	for _, group := range c.Env.LoadBalancer.TargetGroups {
		if c.groupARN(group.Key) != arn {
			continue
		}
		for _, target := range c.Health.Healthy[group.Name] {
			fmt.Fprintf(&members, "<member><Target><Id>%s</Id><Port>8000</Port></Target><TargetHealth><State>healthy</State></TargetHealth></member>", target)
		}
	}
	return members.String()
}

func (c *Cloud) describeDatabases(r request) reply {
	name := r.form.Get("DBInstanceIdentifier")
	if c.Health.Database == "" || name != c.Env.Database.Instance {
		return failure(http.StatusNotFound, "DBInstanceNotFound", "DBInstance "+name+" not found.")
	}
	return ok(`<DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBInstancesResult><DBInstances><DBInstance>` +
		`<DBInstanceIdentifier>` + name + `</DBInstanceIdentifier><DBInstanceStatus>` + c.Health.Database + `</DBInstanceStatus>` +
		`</DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`)
}

func (c *Cloud) describeCacheClusters(r request) reply {
	id := r.form.Get("CacheClusterId")
	if c.Health.CacheNodes[id] == "" {
		return failure(http.StatusNotFound, "CacheClusterNotFound", "CacheCluster not found: "+id)
	}
	return ok(`<DescribeCacheClustersResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/"><DescribeCacheClustersResult><CacheClusters><CacheCluster>` +
		`<CacheClusterId>` + id + `</CacheClusterId><CacheClusterStatus>` + c.Health.CacheNodes[id] + `</CacheClusterStatus>` +
		`</CacheCluster></CacheClusters></DescribeCacheClustersResult></DescribeCacheClustersResponse>`)
}

func (c *Cloud) listSubscriptionsByTopic(r request) reply {
	topic := r.form.Get("TopicArn")
	list, exists := c.Health.Subscriptions[topic]
	if !exists {
		return failure(http.StatusNotFound, "NotFound", "Topic does not exist")
	}
	var members strings.Builder
	for i, s := range list {
		arn := fmt.Sprintf("%s:%d", topic, i)
		if s.Pending {
			arn = "PendingConfirmation"
		}
		fmt.Fprintf(&members, "<member><SubscriptionArn>%s</SubscriptionArn><Protocol>%s</Protocol><Endpoint>%s</Endpoint><TopicArn>%s</TopicArn></member>",
			arn, s.Protocol, escape(s.Endpoint), topic)
	}
	return ok(`<ListSubscriptionsByTopicResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListSubscriptionsByTopicResult><Subscriptions>` +
		members.String() + `</Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>`)
}

// States are the alarms that have a state other than OK.
func (c *Cloud) States() []string {
	var list []string
	c.Lock(func() {
		for _, name := range slices.Sorted(maps.Keys(c.Alarms)) {
			if c.Alarms[name] != "OK" {
				list = append(list, c.Alarms[name]+" "+name)
			}
		}
	})
	return list
}
