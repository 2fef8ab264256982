package doctest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// A double answers a call that the local AWS lacks or gets wrong. It says whether it
// did: what it leaves alone, it forwards.
type double func(a *Account, body []byte, forward func() response) (response, bool, error)

// doubleReasons says what the doubles of a service stand in for, for reports.
var doubleReasons = map[string]string{
	"ecs":         "ECS never rolls anything out there and runs no tasks: the stand-in reports each rollout as completed at once, and has the console's sessions answered by PGlite (a real PostgreSQL) and by samples of Redis",
	"elasticache": "events and changes of replication groups are missing there: the stand-in answers with samples",
	"pi":          "Performance Insights is missing there: the stand-in answers with a sample",
	"cloudtrail":  "the history of changes is missing there: the stand-in answers with a sample",
	"logs":        "Logs Insights knows neither filter nor stats there: the stand-in answers stats with a sample",
	"cloudwatch":  "alarm states reach no topic there and leave no history, and actions cannot be switched off: the stand-in publishes to the alarm's topics, keeps the history, and puts the alarm again without actions",
}

var doubles = map[string]double{
	"ecs:DescribeServices":               describeServices,
	"ecs:UpdateService":                  updateService,
	"ecs:ListTasks":                      listTasks,
	"ecs:DescribeTasks":                  describeTasks,
	"ecs:RunTask":                        runTask,
	"ecs:ListServiceDeployments":         listServiceDeployments,
	"ecs:DescribeServiceRevisions":       describeServiceRevisions,
	"ecs:ExecuteCommand":                 executeCommand,
	"pi:DescribeDimensionKeys":           dimensionKeys,
	"logs:StartQuery":                    startQuery,
	"logs:GetQueryResults":               queryResults,
	"cloudtrail:LookupEvents":            trail,
	"elasticache:DescribeEvents":         cacheEvents,
	"elasticache:ModifyReplicationGroup": modifyReplicationGroup,
	"cloudwatch:SetAlarmState":           setAlarmState,
	"cloudwatch:DescribeAlarmHistory":    alarmHistory,
	"cloudwatch:DisableAlarmActions":     disableAlarmActions,
}

// rollouts is what the doubles remember.
type rollouts struct {
	mu      sync.Mutex
	updates map[string]int    // service name: how often it was updated
	running map[string]string // service name: its task definition then
	history []historyItem
	queries map[string]string // id: query of Logs Insights
}

type historyItem struct {
	AlarmName, AlarmType, HistoryItemType, HistorySummary, HistoryData string
	Timestamp                                                          float64
}

// stateUpdate is an item of the history. A state that somebody sets has no data.
func stateUpdate(alarm, from, to string, byHand bool, at float64) historyItem {
	type state struct {
		StateValue      string         `json:"stateValue"`
		StateReasonData map[string]any `json:"stateReasonData,omitempty"`
	}
	after := state{StateValue: to}
	if !byHand {
		after.StateReasonData = map[string]any{"version": "1.0"}
	}
	data, _ := json.Marshal(map[string]any{"version": "1.0", "oldState": state{StateValue: from}, "newState": after}) // texts only
	return historyItem{alarm, "MetricAlarm", "StateUpdate", "Alarm updated from " + from + " to " + to, string(data), at}
}

func answerJSON(value any) (response, bool, error) {
	body, err := json.Marshal(value)
	return response{http.StatusOK, http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, body}, true, err
}

func answerXML(action, result string) (response, bool, error) {
	body := fmt.Sprintf(`<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult>`+
		`<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></%[1]sResponse>`, action, result)
	return response{http.StatusOK, http.Header{"Content-Type": {"text/xml"}}, []byte(body)}, true, nil
}

// parameters decodes a request in either of the two forms that AWS uses.
func parameters(body []byte) map[string]any {
	values := map[string]any{}
	if json.Unmarshal(body, &values) == nil {
		return values
	}
	form, _ := url.ParseQuery(string(body)) // what cannot be read is absent
	for name := range form {
		values[name] = form.Get(name)
	}
	return values
}

func field(values map[string]any, name string) string {
	s, _ := values[name].(string)
	return s
}

// lastPart is the name at the end of an ARN.
func lastPart(arn string) string { return arn[strings.LastIndexAny(arn, "/")+1:] }

// edited has moto answer, and changes what it says.
func edited(forward func() response, edit func(doc map[string]any)) (response, bool, error) {
	answer := forward()
	if answer.status != http.StatusOK {
		return answer, false, nil
	}
	var doc map[string]any
	if err := json.Unmarshal(answer.body, &doc); err != nil {
		return answer, false, err
	}
	edit(doc)
	var err error
	answer.body, err = json.Marshal(doc)
	return answer, true, err
}

// objects are the JSON objects in a list of a document.
func objects(doc map[string]any, name string) []map[string]any {
	var found []map[string]any
	items, _ := doc[name].([]any)
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			found = append(found, object)
		}
	}
	return found
}

// describeServices makes what moto says of services what ECS would say once their
// rollouts are over: one deployment, completed, with every task running.
func describeServices(a *Account, _ []byte, forward func() response) (response, bool, error) {
	return edited(forward, func(doc map[string]any) {
		for _, service := range objects(doc, "services") {
			if service["status"] == "ACTIVE" {
				a.finishRollout(service, false)
			}
		}
	})
}

func updateService(a *Account, _ []byte, forward func() response) (response, bool, error) {
	return edited(forward, func(doc map[string]any) {
		if service, ok := doc["service"].(map[string]any); ok {
			a.finishRollout(service, true)
		}
	})
}

func (a *Account) finishRollout(service map[string]any, updated bool) {
	name := field(service, "serviceName")
	definition := field(service, "taskDefinition")
	if !strings.HasPrefix(definition, "arn:") { // moto keeps what it was given
		definition = a.ecsARN("task-definition/" + definition)
		service["taskDefinition"] = definition
	}
	r := &a.rollouts
	r.mu.Lock()
	defer r.mu.Unlock()
	if updated {
		r.updates[name]++
	}
	r.running[name] = definition
	id := fmt.Sprintf("ecs-svc/%019d", r.updates[name]+1)
	service["runningCount"], service["pendingCount"] = service["desiredCount"], 0
	if deployments := objects(service, "deployments"); len(deployments) > 0 {
		d := deployments[0]
		d["id"], d["status"], d["rolloutState"] = id, "PRIMARY", "COMPLETED"
		d["rolloutStateReason"] = "ECS deployment " + id + " completed."
		d["taskDefinition"] = definition
		d["desiredCount"], d["runningCount"], d["pendingCount"], d["failedTasks"] = service["desiredCount"], service["desiredCount"], 0, 0
		service["deployments"] = []any{d}
	}
	service["events"] = []any{map[string]any{
		"id": "00000000-0000-0000-0000-000000000000", "createdAt": float64(time.Now().Unix()),
		"message": fmt.Sprintf("(service %s) has reached a steady state.", name),
	}}
}

// taskARN is the ARN of the double's task of a service; the stopped one ends in 0.
func (a *Account) taskARN(cluster, service, status string) string {
	last := map[string]string{"STOPPED": "0"}[status]
	digits := fmt.Sprintf("%x", service+service+service+service)
	return a.ecsARN("task/" + lastPart(cluster) + "/" + digits[:31] + cmp.Or(last, "1"))
}

func listTasks(a *Account, body []byte, forward func() response) (response, bool, error) {
	p := parameters(body)
	service := field(p, "serviceName")
	if service == "" {
		return forward(), false, nil
	}
	arn := a.taskARN(field(p, "cluster"), lastPart(service), field(p, "desiredStatus"))
	a.rollouts.mu.Lock()
	defer a.rollouts.mu.Unlock()
	a.rollouts.running[arn] = lastPart(service)
	return answerJSON(map[string]any{"taskArns": []string{arn}})
}

func describeTasks(a *Account, body []byte, forward func() response) (response, bool, error) {
	p := parameters(body)
	arns, _ := p["tasks"].([]any)
	a.rollouts.mu.Lock()
	defer a.rollouts.mu.Unlock()
	var tasks []any
	for _, item := range arns {
		arn, _ := item.(string)
		service, ok := a.rollouts.running[arn]
		if !ok {
			return endTasks(forward)
		}
		begun := float64(time.Now().Add(-time.Hour).Unix())
		container := map[string]any{"name": service[strings.LastIndex(service, "-")+1:], "lastStatus": "RUNNING", "healthStatus": "UNKNOWN"}
		task := map[string]any{
			"taskArn": arn, "clusterArn": a.ecsARN("cluster/" + field(p, "cluster")), "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
			"group": "service:" + service, "launchType": "FARGATE", "createdAt": begun, "startedAt": begun,
			"cpu": "256", "memory": "512", "healthStatus": "UNKNOWN", "containers": []any{container},
			"taskDefinitionArn": a.rollouts.running[service], "availabilityZone": "ap-southeast-2a",
			"attachments": []any{map[string]any{
				"type": "ElasticNetworkInterface", "status": "ATTACHED",
				"details": []any{map[string]any{"name": "privateIPv4Address", "value": "10.0.11.20"}},
			}},
		}
		if strings.HasSuffix(arn, "0") {
			container["lastStatus"], container["exitCode"], container["reason"] = "STOPPED", 137, "OutOfMemoryError: Container killed due to memory usage"
			task["lastStatus"], task["desiredStatus"], task["stopCode"] = "STOPPED", "STOPPED", "EssentialContainerExited"
			task["stoppedReason"], task["stoppedAt"] = "Essential container in task exited", float64(time.Now().Add(-20*time.Minute).Unix())
		}
		tasks = append(tasks, task)
	}
	return answerJSON(map[string]any{"tasks": tasks, "failures": []any{}})
}

// runTask makes numbers strings where moto writes numbers and ECS strings: the SDKs
// refuse such an answer.
func runTask(_ *Account, _ []byte, forward func() response) (response, bool, error) {
	return edited(forward, func(doc map[string]any) {
		for _, task := range objects(doc, "tasks") {
			writeNumbers(task)
		}
	})
}

// writeNumbers writes the size of a task, and of its containers, as ECS does.
func writeNumbers(task map[string]any) {
	overrides, _ := task["overrides"].(map[string]any)
	for _, values := range append(objects(task, "containers"), task, overrides) {
		for _, name := range []string{"cpu", "memory", "memoryReservation"} {
			if n, ok := values[name].(float64); ok {
				values[name] = fmt.Sprintf("%.0f", n)
			}
		}
	}
}

// endTasks makes tasks that were run by hand, such as a migration, end well at once.
func endTasks(forward func() response) (response, bool, error) {
	return edited(forward, func(doc map[string]any) {
		for _, task := range objects(doc, "tasks") {
			if task["startedBy"] == "console" && task["desiredStatus"] == "RUNNING" {
				keepConsole(task)
				continue
			}
			task["lastStatus"], task["desiredStatus"], task["stopCode"] = "STOPPED", "STOPPED", "EssentialContainerExited"
			task["stoppedReason"] = "Essential container in task exited"
			var containers []any
			overrides, _ := task["overrides"].(map[string]any)
			for _, override := range objects(overrides, "containerOverrides") {
				containers = append(containers, map[string]any{"name": override["name"], "lastStatus": "STOPPED", "exitCode": 0})
			}
			task["containers"] = containers
			writeNumbers(task)
		}
	})
}

// sessions are the commands that a session of the console may begin with, and what
// answers them.
var sessions = map[string]string{
	"psql": "psql",
	"sh -c 'exec redis-cli -h $REDIS_HOST -p $REDIS_PORT'": "redis-cli",
}

// keepConsole makes the console's task what ECS would say of it: it runs, and takes
// commands.
func keepConsole(task map[string]any) {
	var containers []any
	for _, name := range sessions {
		containers = append(containers, map[string]any{
			"name": name, "lastStatus": "RUNNING", "runtimeId": lastPart(field(task, "taskArn")) + "-" + name,
			"managedAgents": []any{map[string]any{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING"}},
		})
	}
	task["lastStatus"], task["containers"], task["enableExecuteCommand"] = "RUNNING", containers, true
	writeNumbers(task)
}

// executeCommand begins a session, whose token tells the stand-in for the plugin which
// program answers.
func executeCommand(a *Account, body []byte, _ func() response) (response, bool, error) {
	p := parameters(body)
	program, ok := sessions[field(p, "command")]
	if !ok || program != field(p, "container") {
		message := fmt.Sprintf(`{"__type":"InvalidParameterException","message":"the console has no command %q in %q"}`, field(p, "command"), field(p, "container"))
		return response{http.StatusBadRequest, http.Header{}, []byte(message)}, true, nil
	}
	return answerJSON(map[string]any{
		"clusterArn": a.ecsARN("cluster/" + field(p, "cluster")), "taskArn": field(p, "task"), "containerName": program, "interactive": true,
		"session": map[string]any{"sessionId": "ecs-execute-command-0", "streamUrl": "wss://console.example.com/", "tokenValue": program},
	})
}

func dimensionKeys(_ *Account, _ []byte, _ func() response) (response, bool, error) {
	now := time.Now().Unix()
	key := func(load float64, statement string) map[string]any {
		return map[string]any{"Total": load, "Dimensions": map[string]any{"db.sql_tokenized.statement": statement}}
	}
	return answerJSON(map[string]any{"AlignedStartTime": now - 3600, "AlignedEndTime": now, "Keys": []any{
		key(1.82, "SELECT * FROM portfolio WHERE data = ?"), key(0.11, "UPDATE session SET seen = ? WHERE id = ?"),
	}})
}

func trail(_ *Account, body []byte, _ func() response) (response, bool, error) {
	attributes := objects(parameters(body), "LookupAttributes")
	if len(attributes) != 1 { // as AWS
		return response{http.StatusBadRequest, http.Header{}, []byte(`{"__type":"InvalidLookupAttributesException"}`)}, true, nil
	}
	return answerJSON(map[string]any{"Events": []any{map[string]any{
		"EventName": attributes[0]["AttributeValue"], "Username": "somebody", "EventTime": float64(time.Now().Add(-time.Hour).Unix()),
	}}})
}

func startQuery(a *Account, body []byte, forward func() response) (response, bool, error) {
	return edited(forward, func(doc map[string]any) {
		a.rollouts.mu.Lock()
		defer a.rollouts.mu.Unlock()
		a.rollouts.queries[field(doc, "queryId")] = field(parameters(body), "queryString")
	})
}

// queryNames returns the columns of what follows "stats":
// "count(*) as errors by bin(1m) as minute, path".
func queryNames(stats string) []string {
	stats, _, _ = strings.Cut(stats, "|")
	var names []string
	values, groups, _ := strings.Cut(stats, " by ")
	for _, column := range strings.Split(values+","+groups, ",") {
		words := strings.Fields(column)
		if len(words) > 0 {
			names = append(names, words[len(words)-1])
		}
	}
	return names
}

func queryResults(a *Account, body []byte, forward func() response) (response, bool, error) {
	a.rollouts.mu.Lock()
	query := a.rollouts.queries[field(parameters(body), "queryId")]
	a.rollouts.mu.Unlock()
	if !strings.Contains(query, "stats ") {
		return forward(), false, nil
	}
	_, stats, _ := strings.Cut(query, "stats ")
	var row []any
	for _, name := range queryNames(stats) {
		row = append(row, map[string]any{"field": name, "value": "11"})
	}
	return answerJSON(map[string]any{"status": "Complete", "results": []any{row}})
}

// listServiceDeployments says that the first two revisions were deployed well.
func listServiceDeployments(a *Account, body []byte, _ func() response) (response, bool, error) {
	p := parameters(body)
	cluster, service := lastPart(field(p, "cluster")), lastPart(field(p, "service"))
	var list []any
	for n := 2; n >= 1; n-- {
		at := float64(time.Now().AddDate(0, 0, n-9).Unix())
		list = append(list, map[string]any{
			"serviceDeploymentArn": a.ecsARN(fmt.Sprintf("service-deployment/%s/%s/deployment%d", cluster, service, n)),
			"serviceArn":           a.ecsARN("service/" + cluster + "/" + service),
			"clusterArn":           a.ecsARN("cluster/" + cluster),
			"status":               "SUCCESSFUL",
			"createdAt":            at, "startedAt": at, "finishedAt": at + 240,
			"targetServiceRevisionArn": a.ecsARN(fmt.Sprintf("service-revision/%s/%s/%019d", cluster, service, n)),
		})
	}
	return answerJSON(map[string]any{"serviceDeployments": list})
}

func describeServiceRevisions(a *Account, body []byte, _ func() response) (response, bool, error) {
	arns, _ := parameters(body)["serviceRevisionArns"].([]any)
	var list []any
	for _, item := range arns {
		arn, _ := item.(string)
		parts := strings.Split(arn, "/")
		if len(parts) != 4 {
			return response{http.StatusBadRequest, http.Header{}, []byte(`{"__type":"InvalidParameterException"}`)}, true, nil
		}
		service := parts[2]
		var n int
		if _, err := fmt.Sscanf(parts[3], "%d", &n); err != nil {
			return response{}, true, err
		}
		key := service[strings.LastIndex(service, "-")+1:]
		list = append(list, map[string]any{
			"serviceRevisionArn": arn,
			"serviceArn":         a.ecsARN("service/" + parts[1] + "/" + service),
			"clusterArn":         a.ecsARN("cluster/" + parts[1]),
			"taskDefinition":     a.ecsARN(fmt.Sprintf("task-definition/%s:%d", service, n)),
			"createdAt":          float64(time.Now().AddDate(0, 0, n-9).Unix()),
			"containerImages": []any{map[string]any{
				"containerName": key,
				"imageDigest":   digest(key, n),
				"image":         a.images(key) + "@" + digest(key, n),
			}},
		})
	}
	return answerJSON(map[string]any{"serviceRevisions": list, "failures": []any{}})
}

func cacheEvents(_ *Account, body []byte, _ func() response) (response, bool, error) {
	source := field(parameters(body), "SourceIdentifier")
	return answerXML("DescribeEvents", fmt.Sprintf("<Events><Event><SourceIdentifier>%s</SourceIdentifier><SourceType>cache-cluster</SourceType>"+
		"<Message>Cache node 0001 restarted</Message><Date>%s</Date></Event></Events>", source, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)))
}

func modifyReplicationGroup(_ *Account, body []byte, _ func() response) (response, bool, error) {
	p := parameters(body)
	return answerXML("ModifyReplicationGroup", fmt.Sprintf("<ReplicationGroup><ReplicationGroupId>%s</ReplicationGroupId>"+
		"<Status>modifying</Status><CacheNodeType>%s</CacheNodeType></ReplicationGroup>", field(p, "ReplicationGroupId"), field(p, "CacheNodeType")))
}

// setAlarmState does what CloudWatch does when a state changes: it publishes to the
// topics of the new state, and remembers both in the alarm's history.
func setAlarmState(a *Account, body []byte, forward func() response) (response, bool, error) {
	answer := forward()
	if answer.status != http.StatusOK {
		return answer, false, nil
	}
	p := parameters(body)
	name, state, reason := field(p, "AlarmName"), field(p, "StateValue"), field(p, "StateReason")
	topics, kind, err := a.notify(name, state, reason)
	if err != nil {
		return answer, true, err
	}
	now := float64(time.Now().UnixMilli()) / 1000
	r := &a.rollouts
	r.mu.Lock()
	defer r.mu.Unlock()
	before := map[string]string{"OK": "ALARM"}[state]
	update := stateUpdate(name, cmp.Or(before, "OK"), state, true, now)
	update.AlarmType = kind
	r.history = append(r.history, update)
	for _, topic := range topics {
		r.history = append(r.history, historyItem{name, kind, "Action", "Successfully executed action " + topic, "", now + 0.1})
	}
	return answer, true, nil
}

// disableAlarmActions puts the alarms again, with their actions switched off.
func disableAlarmActions(a *Account, body []byte, _ func() response) (response, bool, error) {
	var names []string
	for name, value := range parameters(body) {
		switch list := value.(type) {
		case string:
			if strings.HasPrefix(name, "AlarmNames.") {
				names = append(names, list)
			}
		case []any:
			for _, item := range list {
				text, _ := item.(string)
				names = append(names, text)
			}
		}
	}
	if err := a.switchOff(names); err != nil {
		return response{}, true, err
	}
	if json.Valid(body) {
		return answerJSON(map[string]any{})
	}
	return answerXML("DisableAlarmActions", "")
}

// wentOff puts an alarm that was over after a quarter of an hour into the history.
func (a *Account) wentOff(alarm string, at time.Time) {
	r := &a.rollouts
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, states := range [][2]string{{"OK", "ALARM"}, {"ALARM", "OK"}} {
		when := float64(at.Add(time.Duration(i)*15*time.Minute).UnixMilli()) / 1000
		r.history = append(r.history, stateUpdate(alarm, states[0], states[1], false, when))
	}
}

func alarmHistory(a *Account, body []byte, _ func() response) (response, bool, error) {
	p := parameters(body)
	r := &a.rollouts
	r.mu.Lock()
	defer r.mu.Unlock()
	// Without a type, only metric alarms are asked for.
	kinds := map[string]bool{}
	for name, value := range p {
		if strings.HasPrefix(name, "AlarmTypes") {
			for _, kind := range strings.FieldsFunc(fmt.Sprint(value), func(r rune) bool { return !unicode.IsLetter(r) }) {
				kinds[kind] = true
			}
		}
	}
	if len(kinds) == 0 {
		kinds["MetricAlarm"] = true
	}
	list := []historyItem{}
	for _, item := range slices.Backward(r.history) {
		if !kinds[item.AlarmType] {
			continue
		}
		if name := field(p, "AlarmName"); name != "" && name != item.AlarmName {
			continue
		}
		if kind := field(p, "HistoryItemType"); kind != "" && kind != item.HistoryItemType {
			continue
		}
		list = append(list, item)
	}
	if json.Valid(body) {
		return answerJSON(map[string]any{"AlarmHistoryItems": list})
	}
	// Versions of the AWS CLI differ in the protocol that they speak.
	var members strings.Builder
	for _, item := range list {
		at := time.UnixMilli(int64(item.Timestamp * 1000)).UTC().Format(time.RFC3339Nano)
		fmt.Fprintf(&members, "<member><AlarmName>%s</AlarmName><AlarmType>%s</AlarmType><Timestamp>%s</Timestamp>"+
			"<HistoryItemType>%s</HistoryItemType><HistorySummary>%s</HistorySummary></member>",
			item.AlarmName, item.AlarmType, at, item.HistoryItemType, item.HistorySummary)
	}
	return answerXML("DescribeAlarmHistory", "<AlarmHistoryItems>"+members.String()+"</AlarmHistoryItems>")
}
