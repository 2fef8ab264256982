package audit

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch"
	"github.com/ohmycoins/infra/constructs/monitoring/cloudwatch/evaluate"
)

const (
	account  = "000000000000"
	critical = "arn:aws:sns:ap-southeast-2:" + account + ":ohmycoins-staging-critical"
	warning  = "arn:aws:sns:ap-southeast-2:" + account + ":ohmycoins-staging-warning"
	keyARN   = "arn:aws:kms:ap-southeast-2:" + account + ":key/11111111-2222-3333-4444-555555555555"
	prefix   = "ohmycoins-staging"
	balancer = "app/ohmycoins-staging-alb/0123456789abcdef"
	backend  = "targetgroup/ohmycoins-staging-backend-tg/0123456789abcdef"
	frontend = "targetgroup/ohmycoins-staging-frontend-tg/0123456789abcdef"
)

var now = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// topicPolicy and keyPolicy are what the monitoring construct writes.
const (
	topicPolicy = `{"Statement":{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"*",
		"Condition":{"StringEquals":{"aws:SourceAccount":"` + account + `"}}}}`
	keyPolicy = `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":["kms:DescribeKey"],"Resource":"*"},
		{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*",
		"Condition":{"StringEquals":{"aws:SourceAccount":"` + account + `"}}}]}`
)

// healthy is staging as its snapshot says, deployed and well.
func healthy(t *testing.T) World {
	t.Helper()
	file := filepath.Join("..", "..", "..", "__snapshots__", "staging", "stack_1.snap.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	expected := &Expected{}
	if err := expected.Read("cdk.tf.json", text); err != nil {
		t.Fatal(err)
	}
	w := World{
		Now: now, Account: account, Prefix: prefix + "/", Part: prefix,
		Listed: map[string][]cloudwatch.Metric{}, Data: map[string]Data{}, Topics: map[string]Topic{}, Expected: expected,
	}
	status := func(name string) Status {
		return Status{ARN: "arn:aws:cloudwatch:ap-southeast-2:" + account + ":alarm:" + name, State: cloudwatch.OK, Since: now.Add(-time.Hour)}
	}
	actions := func(a cloudwatch.Actions) cloudwatch.Actions {
		for _, arns := range []*[]string{&a.Alarm, &a.OK} {
			*arns = slices.Clone(*arns)
			for i, arn := range *arns {
				(*arns)[i] = strings.Replace(arn, "arn:*:", "arn:aws:sns:ap-southeast-2:"+account+":", 1)
			}
		}
		return a
	}
	for _, e := range expected.metrics {
		a := e.MetricAlarm
		a.Queries, a.Actions = slices.Clone(a.Queries), actions(a.Actions)
		for q := range a.Queries {
			dimensions := slices.Clone(a.Queries[q].Metric.Dimensions)
			for i, d := range dimensions {
				switch {
				case d.Value != "*":
				case d.Name == "LoadBalancer":
					dimensions[i].Value = balancer
				case strings.Contains(a.Name, "alb-frontend"):
					dimensions[i].Value = frontend
				default: // service levels, too
					dimensions[i].Value = backend
				}
			}
			a.Queries[q].Metric.Dimensions = dimensions
		}
		w.Metrics = append(w.Metrics, MetricAlarm{MetricAlarm: a, Status: status(a.Name)})
	}
	for _, e := range expected.composites {
		a := e.CompositeAlarm
		a.Actions = deployed(a.Actions)
		w.Composites = append(w.Composites, CompositeAlarm{CompositeAlarm: a, Status: Status{
			ARN: "arn:aws:cloudwatch:ap-southeast-2:" + account + ":alarm:" + a.Name, State: cloudwatch.OK, Since: now.Add(-time.Hour),
		}})
	}
	for id, wanted := range w.Wanted() {
		m := wanted.Metric
		if m.Name == "HTTPCode_Target_5XX_Count" { // nothing ever failed: AWS does not list it
			w.list("AWS/ApplicationELB", "RequestCount", m.Dimensions...)
			continue
		}
		w.list(m.Namespace, m.Name, m.Dimensions...)
		recent := map[time.Duration]bool{}
		for _, window := range wanted.Windows {
			recent[window] = true
		}
		w.Data[id] = Data{Last: now.Add(-time.Minute), Recent: recent}
	}
	// What is on the resources beside what alarms watch, such as the rest of AWS's list.
	w.list("AWS/RDS", "DBLoad", dim("DBInstanceIdentifier", "ohmycoins-staging-postgres"))
	w.list("AWS/RDS", "DBLoad", dim("DBInstanceIdentifier", "somebody-elses"))
	for _, arn := range []string{critical, warning} {
		w.Topics[arn] = Topic{
			Policy: topicPolicy, Subscriptions: []Subscription{{"email", "oncall@example.com", true}},
			Key: &Key{ID: keyARN, ARN: keyARN, State: "Enabled", Policy: keyPolicy},
		}
	}
	body, err := os.ReadFile(filepath.Join("..", "..", "..", "__snapshots__", "staging", "dashboard_1.snap.json"))
	if err != nil {
		t.Fatal(err)
	}
	text2 := string(body)
	for old, now := range map[string]string{
		"${data.aws_lb.existing_ohmycoins-staging-alb_59B342C2.arn_suffix}": balancer,
	} {
		text2 = strings.ReplaceAll(text2, old, now)
	}
	w.Dashboards = []Dashboard{{Name: prefix, Body: text2}}
	known := newIndex(w)
	for _, m := range w.Dashboards[0].metrics() {
		if !known.isListed(m) && m.Name != "HTTPCode_Target_5XX_Count" {
			w.list(m.Namespace, m.Name, m.Dimensions...)
		}
	}
	return w
}

// deployed are actions with the ARNs that topics have in AWS.
func deployed(a cloudwatch.Actions) cloudwatch.Actions {
	arns := func(actions []string) []string {
		list := slices.Clone(actions)
		for i := range list {
			list[i] = strings.Replace(list[i], "arn:*:", "arn:aws:sns:ap-southeast-2:"+account+":", 1)
		}
		return list
	}
	a.Alarm, a.OK = arns(a.Alarm), arns(a.OK)
	return a
}

// sender returns the alarm that sends the messages of another one.
func (w *World) sender(t *testing.T, name string) *CompositeAlarm {
	t.Helper()
	i := slices.IndexFunc(w.Composites, func(a CompositeAlarm) bool { return a.Name == prefix+"/"+name+"-message" })
	if i < 0 {
		t.Fatalf("no alarm sends messages of %s", name)
	}
	return &w.Composites[i]
}

// unheld gives an alarm its own actions, and takes away what sent its messages.
func (w *World) unheld(t *testing.T, name string) *MetricAlarm {
	t.Helper()
	sender := w.sender(t, name).CompositeAlarm
	w.Composites = slices.DeleteFunc(w.Composites, func(a CompositeAlarm) bool { return a.Name == sender.Name })
	a := w.alarm(t, name)
	a.Actions = sender.Actions
	return a
}

func dim(name, value string) cloudwatch.Dimension {
	return cloudwatch.Dimension{Name: name, Value: value}
}

// list makes CloudWatch list a metric.
func (w *World) list(namespace, name string, dimensions ...cloudwatch.Dimension) {
	w.Listed[namespace] = append(w.Listed[namespace], cloudwatch.Metric{Namespace: namespace, Name: name, Dimensions: dimensions})
}

// unlist makes a metric have never been there.
func (w *World) unlist(m cloudwatch.Metric) {
	id := evaluate.ID(m)
	w.Listed[m.Namespace] = slices.DeleteFunc(w.Listed[m.Namespace], func(o cloudwatch.Metric) bool { return evaluate.ID(o) == id })
	delete(w.Data, id)
}

// alarm returns an alarm that can be changed.
func (w *World) alarm(t *testing.T, name string) *MetricAlarm {
	t.Helper()
	i := slices.IndexFunc(w.Metrics, func(a MetricAlarm) bool { return a.Name == prefix+"/"+name })
	if i < 0 {
		t.Fatalf("no alarm %s", name)
	}
	return &w.Metrics[i]
}

// watch points an alarm at another metric, and at nothing that is there.
func (a *MetricAlarm) watch(namespace, name string, dimensions ...cloudwatch.Dimension) {
	m := &a.Queries[0].Metric
	m.Namespace, m.Name, m.Dimensions = namespace, name, dimensions
}

// change changes a topic.
func (w *World) change(arn string, f func(*Topic)) {
	topic := w.Topics[arn]
	key := *topic.Key
	topic.Key = &key
	f(&topic)
	w.Topics[arn] = topic
}

func (w *World) composite(rule string, actions ...string) *CompositeAlarm {
	w.Composites = append(w.Composites, CompositeAlarm{
		CompositeAlarm: cloudwatch.CompositeAlarm{Name: prefix + "/down", AlarmRule: rule, Actions: cloudwatch.Actions{Alarm: actions, OK: actions}},
		Status:         Status{ARN: "arn:aws:cloudwatch:ap-southeast-2:" + account + ":alarm:" + prefix + "/down", State: cloudwatch.OK, Since: now},
	})
	return &w.Composites[len(w.Composites)-1]
}

// other adds a log alarm.
func (w *World) other(t *testing.T, name string) *OtherAlarm {
	t.Helper()
	w.Others = append(w.Others, OtherAlarm{Name: prefix + "/" + name, Type: "log alarm", Status: w.alarm(t, "maintenance").Status})
	return &w.Others[len(w.Others)-1]
}

// calls gives an alarm a function as its action.
func (w *World) calls(t *testing.T, f Function) {
	t.Helper()
	const arn = "arn:aws:lambda:ap-southeast-2:" + account + ":function:page:live"
	a := w.alarm(t, "maintenance")
	a.Actions.Alarm = []string{arn}
	w.Functions = map[string]Function{arn: f}
}

const functionPolicy = `{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.alarms.cloudwatch.amazonaws.com"},"Action":"lambda:InvokeFunction",
	"Resource":"arn:aws:lambda:ap-southeast-2:` + account + `:function:page:live","Condition":{"StringEquals":{"AWS:SourceAccount":"` + account + `"}}}]}`

func TestHealthy(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	findings, notes := Audit(w)
	for _, f := range findings {
		t.Error(f)
	}
	if len(notes) > 0 || w.Audited() != len(w.Metrics)+len(w.Composites) || len(w.Metrics) < 11 {
		t.Errorf("%d of %d alarms audited, notes %q", w.Audited(), len(w.Metrics), notes)
	}
}

// TestFindings changes one thing each in a healthy world and wants what is said about
// it, and nothing else. A test of drift alone keeps what Terraform says; the others do
// without.
func TestFindings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(t *testing.T, w *World)
		want   []string // "subject: check" and a part of the rest; "*" between
	}{
		// The nine faults of the first delivery.
		"fault 1: dimensions of a dashboard inside the options": {func(_ *testing.T, w *World) {
			w.Dashboards[0].Body = `{"widgets":[{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"title":"ECS","region":"ap-southeast-2","view":"timeSeries","period":60,
				"metrics":[["AWS/ECS","CPUUtilization",{"ClusterName":"ohmycoins-staging-cluster","ServiceName":"ohmycoins-staging-backend"}]]}}]}`
		}, []string{"dashboard ohmycoins-staging: dashboard-body: *ClusterName*", "dashboard ohmycoins-staging: no-such-dimensions: *AWS/ECS CPUUtilization for no dimensions*: *ClusterName=ohmycoins-staging-cluster*"}},
		"fault 2: task counts in the wrong namespace": {func(t *testing.T, w *World) {
			a := w.alarm(t, "backend/cpu-high")
			a.watch("AWS/ECS", "RunningTaskCount", a.Queries[0].Metric.Dimensions...)
		}, []string{"alarm */backend/cpu-high: no-such-metric: AWS/ECS has no metric RunningTaskCount*: RunningTaskCount is in ECS/ContainerInsights"}},
		"fault 3: resource id of a database": {func(t *testing.T, w *World) {
			w.alarm(t, "postgres/cpu-high").watch("AWS/RDS", "CPUUtilization", dim("DBInstanceIdentifier", "db-ABCDEFGHIJKL"))
		}, []string{"alarm */postgres/cpu-high: no-such-dimensions: *: db-ABCDEFGHIJKL is a resource id: use the instance's identifier: *DBInstanceIdentifier=ohmycoins-staging-postgres*"}},
		"fault 4: replication group as cluster": {func(t *testing.T, w *World) {
			w.alarm(t, "redis-001/cpu-high").watch("AWS/ElastiCache", "EngineCPUUtilization", dim("CacheClusterId", "ohmycoins-staging-redis"))
		}, []string{"alarm */redis-001/cpu-high: no-such-dimensions: *: ohmycoins-staging-redis is a replication group: *: CacheClusterId=ohmycoins-staging-redis-001"}},
		"fault 5: windows twice as long": {func(t *testing.T, w *World) {
			w.Expected = healthy(t).Expected
			a := w.alarm(t, "backend/cpu-high")
			a.Queries[0].Metric.Period, a.EvaluationPeriods = 5*time.Minute, 2
			w.Data[evaluate.ID(a.Queries[0].Metric)].Recent[Window(a.MetricAlarm)] = true
		}, []string{`alarm */backend/cpu-high: drift: *EvaluationPeriods is "2", want "5"*Period is "300", want "60"*: apply cdk.tf.json*`}},
		"fault 6: no OK actions": {func(t *testing.T, w *World) {
			w.unheld(t, "postgres/storage-low").Actions.OK = nil
		}, []string{"alarm */postgres/storage-low: no-ok-actions: *: give it the topic as OK action*"}},
		"fault 7: one name in two modules": {func(t *testing.T, w *World) {
			w.Expected = healthy(t).Expected
			err := w.Expected.Read("other.tf.json", []byte(`{"resource":{"aws_cloudwatch_metric_alarm":{"x":{"alarm_name":"ohmycoins-staging/alb/5xx-high","metric_name":"m","namespace":"n"}}}}`))
			if err != nil {
				t.Error(err)
			}
		}, []string{"alarm */alb/5xx-high: same-name: *cdk.tf.json*other.tf.json*"}},
		"fault 8: re-created subscriptions": {func(_ *testing.T, w *World) {
			w.change(critical, func(topic *Topic) { topic.Subscriptions[0].Confirmed = false })
		}, []string{
			"topic ohmycoins-staging-critical: nobody: *nobody is told by ohmycoins-staging/alb*",
			"topic ohmycoins-staging-critical: unconfirmed: oncall@example.com has not confirmed*",
		}},
		"fault 9: an address that is none": {func(_ *testing.T, w *World) {
			w.change(warning, func(topic *Topic) {
				topic.Subscriptions = append(topic.Subscriptions, Subscription{"email", "not-an-email", false}, Subscription{"email", "on@call", true})
			})
		}, []string{`topic ohmycoins-staging-warning: address: "not-an-email" is no e-mail address*`, `topic ohmycoins-staging-warning: address: "on@call" is no*`}},

		"metric with a typing error": {func(t *testing.T, w *World) {
			a := w.alarm(t, "postgres/storage-low")
			a.watch("AWS/RDS", "FreeStorageSpac", a.Queries[0].Metric.Dimensions...)
		}, []string{"*storage-low: no-such-metric: *: did you mean FreeStorageSpace?"}},
		"namespace in other letters": {func(t *testing.T, w *World) {
			a := w.alarm(t, "postgres/storage-low")
			a.watch("AWS/Rds", "FreeStorageSpace", a.Queries[0].Metric.Dimensions...)
		}, []string{"*storage-low: no-such-metric: *: the namespace is AWS/RDS*"}},
		"namespace that does not exist": {func(t *testing.T, w *World) {
			w.alarm(t, "postgres/storage-low").watch("AWS/Nothing", "Zzzzzzzz")
		}, []string{"*storage-low: no-such-metric: *: use a namespace that AWS documents*"}},
		"a service that was renamed": {func(t *testing.T, w *World) {
			w.unlist(w.alarm(t, "backend/cpu-high").Queries[0].Metric)
			w.unlist(w.alarm(t, "backend/memory-high").Queries[0].Metric)
			w.Dashboards = nil
		}, []string{
			"*backend/cpu-high: no-such-dimensions: *ServiceName=ohmycoins-staging-backend*: *ServiceName=ohmycoins-staging-frontend*",
			"*backend/memory-high: no-such-dimensions: *",
			"*backend/tasks-missing: no-such-dimensions: *",
		}},
		"no data in two weeks": {func(t *testing.T, w *World) {
			delete(w.Data, evaluate.ID(w.alarm(t, "backend/memory-high").Queries[0].Metric))
		}, []string{"*backend/memory-high: no-data: *two weeks*"}},
		"a metric that stopped, of a database that goes on": {func(t *testing.T, w *World) {
			w.unlist(w.alarm(t, "postgres/storage-low").Queries[0].Metric)
			w.Dashboards = nil
		}, []string{"*storage-low: no-data: *other metrics of DBInstanceIdentifier=ohmycoins-staging-postgres have*"}},
		"a unit that nothing sends": {func(t *testing.T, w *World) {
			a := w.alarm(t, "backend/cpu-high")
			a.TreatMissingData, a.Queries[0].Metric.OnlyUnit = cloudwatch.NotBreaching, "Megabytes"
		}, []string{"*backend/cpu-high: unit: AWS/ECS CPUUtilization has data, and none in Megabytes*"}},
		"a unit of what has no data at all": {func(t *testing.T, w *World) {
			m := &w.alarm(t, "backend/memory-high").Queries[0].Metric
			delete(w.Data, evaluate.ID(*m))
			m.OnlyUnit = cloudwatch.Percent
		}, []string{"*backend/memory-high: no-data: *two weeks*"}},
		"the unit that is sent": {func(t *testing.T, w *World) {
			m := &w.alarm(t, "backend/cpu-high").Queries[0].Metric
			data := w.Data[evaluate.ID(*m)]
			m.OnlyUnit = cloudwatch.Percent
			w.Data[evaluate.ID(*m)] = data
		}, nil},
		"no data in the window": {func(t *testing.T, w *World) {
			id := evaluate.ID(w.alarm(t, "backend/cpu-high").Queries[0].Metric)
			w.Data[id] = Data{Last: now.Add(-2 * time.Hour)}
		}, []string{"*backend/cpu-high: no-recent-data: *in the last 10m0s*2026-01-15 at 10:00 UTC*"}},
		"no data in the window, which is fine": {func(t *testing.T, w *World) {
			a := w.alarm(t, "backend/cpu-high")
			w.Data[evaluate.ID(a.Queries[0].Metric)] = Data{Last: now.Add(-2 * time.Hour)}
			a.TreatMissingData = cloudwatch.NotBreaching
		}, nil},
		"frozen by ignore": {func(t *testing.T, w *World) {
			a := w.alarm(t, "backend/cpu-high")
			w.Data[evaluate.ID(a.Queries[0].Metric)] = Data{Last: now.Add(-2 * time.Hour)}
			a.TreatMissingData = cloudwatch.Ignore
		}, []string{"*backend/cpu-high: no-recent-data: *"}},
		"errors of a load balancer that is not there": {func(t *testing.T, w *World) {
			w.alarm(t, "alb/5xx-high").watch("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", dim("LoadBalancer", "app/old/1"))
		}, []string{"*alb/5xx-high: no-such-dimensions: *"}},
		"own metric that is silent": {func(t *testing.T, w *World) {
			w.alarm(t, "postgres/storage-low").watch("Shop", "Orders")
		}, []string{"*storage-low: no-such-dimensions: nothing sends Shop Orders for no dimensions*"}},

		"actions switched off": {
			func(t *testing.T, w *World) { w.alarm(t, "alb/5xx-high").Actions.Disabled = true },
			[]string{"*alb/5xx-high: actions-disabled: *aws cloudwatch enable-alarm-actions*"},
		},
		"no actions": {
			func(t *testing.T, w *World) { w.unheld(t, "backend/memory-high").Actions = cloudwatch.Actions{} },
			[]string{"*backend/memory-high: no-actions: *"},
		},
		"no actions of what sends messages": {
			func(t *testing.T, w *World) { w.sender(t, "alb/5xx-high").Actions = cloudwatch.Actions{} },
			[]string{"*alb/5xx-high: no-actions: *", "*alb/5xx-high-message: no-actions: *"},
		},
		"no actions, for what it holds back": {func(t *testing.T, w *World) {
			w.alarm(t, "maintenance").Actions = cloudwatch.Actions{}
		}, nil},
		"no actions, for a composite": {func(t *testing.T, w *World) {
			w.unheld(t, "backend/memory-high").Actions = cloudwatch.Actions{}
			w.composite(`ALARM("ohmycoins-staging/backend/memory-high")`, critical)
		}, nil},
		"no actions, for a composite of a composite": {func(t *testing.T, w *World) {
			w.unheld(t, "backend/memory-high").Actions = cloudwatch.Actions{}
			w.unheld(t, "backend/cpu-high").Actions = cloudwatch.Actions{}
			w.composite(`AT_LEAST(50%, ALARM, ("ohmycoins-staging/backend/memory-high", ohmycoins-staging/backend/cpu-high))`).Name = prefix + "/part"
			w.composite(`ALARM("ohmycoins-staging/part") AND NOT ALARM("ohmycoins-staging/down")`, critical)
		}, nil},
		"no actions, for a suppressor of alarms": {func(t *testing.T, w *World) {
			w.unheld(t, "backend/memory-high").Actions = cloudwatch.Actions{}
			w.composite(`ALARM("ohmycoins-staging/backend/memory-high")`).Name = prefix + "/part"
			w.composite("TRUE", critical).ActionsSuppressor = prefix + "/part"
		}, nil},
		"no actions, for composites that watch each other": {func(t *testing.T, w *World) {
			w.unheld(t, "backend/memory-high").Actions = cloudwatch.Actions{}
			w.composite(`ALARM("ohmycoins-staging/backend/memory-high") OR ALARM("ohmycoins-staging/down")`).Name = prefix + "/part"
			w.composite(`ALARM("ohmycoins-staging/part")`)
		}, []string{"*backend/memory-high: no-actions: *", "*down: no-actions: *", "*part: no-actions: *"}},
		"no actions, for a composite without": {func(t *testing.T, w *World) {
			w.unheld(t, "backend/memory-high").Actions = cloudwatch.Actions{}
			w.composite(`ALARM("ohmycoins-staging/backend/memory-high")`)
		}, []string{"*backend/memory-high: no-actions: *", "*down: no-actions: *"}},

		"a function": {func(t *testing.T, w *World) {
			w.calls(t, Function{Policy: functionPolicy})
		}, nil},
		"a function that does not exist": {func(t *testing.T, w *World) {
			w.calls(t, Function{Missing: true})
		}, []string{"function page:live: no-function: it does not exist, and is called by ohmycoins-staging/maintenance: *"}},
		"a function of somebody else": {func(t *testing.T, w *World) {
			w.calls(t, Function{Problem: "AccessDenied: no"})
		}, []string{"function page:live: unknown-function: *AccessDenied*lambda:GetPolicy*"}},
		"a function without a policy": {func(t *testing.T, w *World) {
			w.calls(t, Function{})
		}, []string{"function page:live: policy: it has no policy*add-permission*"}},
		"a function for what notifies topics": {func(t *testing.T, w *World) {
			w.calls(t, Function{Policy: strings.ReplaceAll(functionPolicy, functionsOfAlarm, cloudWatch)})
		}, []string{"function page:live: policy: its policy does not let CloudWatch do lambda:InvokeFunction*allow the service lambda.alarms.cloudwatch.amazonaws.com*"}},
		"a response plan": {func(t *testing.T, w *World) {
			a := w.alarm(t, "maintenance")
			a.Actions.Alarm = []string{"arn:aws:ssm-incidents::" + account + ":responseplan/outage"}
		}, []string{"action arn:aws:ssm-incidents::*:responseplan/outage: unchecked-target: *told by ohmycoins-staging/maintenance: *"}},

		"topic that does not exist": {
			func(_ *testing.T, w *World) { w.Topics[critical] = Topic{Missing: true} },
			[]string{"topic ohmycoins-staging-critical: no-topic: *told by ohmycoins-staging/alb/5xx-high-message, * more*"},
		},
		"topic of somebody else": {
			func(_ *testing.T, w *World) { w.Topics[critical] = Topic{Problem: "AccessDenied: no"} },
			[]string{"topic ohmycoins-staging-critical: unknown-topic: *AccessDenied*sns:GetTopicAttributes*"},
		},
		"nobody subscribed": {
			func(_ *testing.T, w *World) { w.change(warning, func(topic *Topic) { topic.Subscriptions = nil }) },
			[]string{"topic ohmycoins-staging-warning: nobody: *"},
		},
		"a policy for budgets only": {func(_ *testing.T, w *World) {
			w.change(warning, func(topic *Topic) {
				topic.Policy = strings.ReplaceAll(topicPolicy, "cloudwatch.amazonaws.com", "budgets.amazonaws.com")
			})
		}, []string{"topic ohmycoins-staging-warning: policy: its policy does not let CloudWatch do sns:Publish*"}},
		"no policy": {
			func(_ *testing.T, w *World) { w.change(warning, func(topic *Topic) { topic.Policy = "" }) },
			[]string{"topic ohmycoins-staging-warning: policy: its policy cannot be read*"},
		},
		"AWS's own key": {
			func(_ *testing.T, w *World) {
				w.change(warning, func(topic *Topic) { topic.Key = &Key{ID: "alias/aws/sns"} })
			},
			[]string{"topic ohmycoins-staging-warning: key: *alias/aws/sns, which CloudWatch can never use*"},
		},
		"a key that keeps CloudWatch out": {func(_ *testing.T, w *World) {
			w.change(warning, func(topic *Topic) {
				topic.Key.Policy = strings.ReplaceAll(keyPolicy, "kms:GenerateDataKey*", "kms:Encrypt")
			})
		}, []string{"topic ohmycoins-staging-warning: policy: the policy of its key * does not let CloudWatch do kms:GenerateDataKey*"}},
		"a key that is to be deleted": {func(_ *testing.T, w *World) {
			w.change(warning, func(topic *Topic) { topic.Key.State = "PendingDeletion" })
		}, []string{"topic ohmycoins-staging-warning: key: *is PendingDeletion, want Enabled*"}},
		"a key that does not exist": {
			func(_ *testing.T, w *World) { w.change(warning, func(topic *Topic) { topic.Key.State = Missing }) },
			[]string{"topic ohmycoins-staging-warning: key: *does not exist*"},
		},
		"a key that may not be read": {
			func(_ *testing.T, w *World) {
				w.change(warning, func(topic *Topic) { topic.Key.Problem = "AccessDenied" })
			},
			[]string{"topic ohmycoins-staging-warning: key: nothing is known*"},
		},

		"no data for long": {func(t *testing.T, w *World) {
			a := w.alarm(t, "backend/cpu-high")
			a.State, a.Since = cloudwatch.InsufficientData, now.Add(-50*time.Hour)
		}, []string{"*backend/cpu-high: insufficient-data: *since 2026-01-13 10:00 UTC (2 days)*"}},
		"no data yet": {func(t *testing.T, w *World) {
			a := w.alarm(t, "backend/cpu-high")
			a.State, a.Since = cloudwatch.InsufficientData, now.Add(-time.Minute)
		}, nil},
		"in ALARM": {func(t *testing.T, w *World) {
			a := w.alarm(t, "backend/cpu-high")
			a.State, a.Reason, a.Since = cloudwatch.InAlarm, "5 datapoints were above", now.Add(-time.Hour)
		}, []string{"*backend/cpu-high: in-alarm: *since 2026-01-15 11:00 UTC (1 hour): 5 datapoints were above*"}},

		"what CloudWatch cannot evaluate": {func(t *testing.T, w *World) {
			a := w.alarm(t, "backend/cpu-high")
			a.Evaluation, a.Reason = "EVALUATION_ERROR", "the query is wrong"
		}, []string{"*backend/cpu-high: evaluation: *EVALUATION_ERROR: the query is wrong*"}},

		"twice the same": {func(t *testing.T, w *World) {
			twin := *w.alarm(t, "backend/cpu-high")
			twin.Name, twin.DatapointsToAlarm = "elsewhere", twin.EvaluationPeriods
			twin.Queries = slices.Clone(twin.Queries)
			twin.Queries[0].Metric.Dimensions = slices.Clone(twin.Queries[0].Metric.Dimensions)
			slices.Reverse(twin.Queries[0].Metric.Dimensions)
			w.Metrics = append(w.Metrics, twin)
		}, []string{"alarm elsewhere: duplicate: *ohmycoins-staging/backend/cpu-high*"}},
		"two windows": {func(t *testing.T, w *World) {
			twin := *w.unheld(t, "backend/cpu-high")
			twin.Name, twin.WallClock = prefix+"/backend/cpu-high-clock", "UTC"
			w.Metrics = append(w.Metrics, twin)
			w.Data[evaluate.ID(twin.Queries[0].Metric)].Recent[Window(twin.MetricAlarm)] = true
		}, nil},
		"two thresholds": {func(t *testing.T, w *World) {
			twin := *w.unheld(t, "backend/cpu-high")
			twin.Name, twin.Threshold = prefix+"/backend/cpu-higher", 95
			w.Metrics = append(w.Metrics, twin)
		}, nil},
		"composite with a missing alarm": {func(_ *testing.T, w *World) {
			w.composite(`ALARM("ohmycoins-staging/alb/5xx-high") OR ALARM(gone) OR OK("arn:aws:cloudwatch:ap-southeast-2:`+account+`:alarm:gone too")`, critical).ActionsSuppressor = "nobody"
		}, []string{"*down: missing-alarm: its rule names *gone too*", "*down: missing-alarm: its rule names gone,*", "*down: missing-alarm: its suppressor nobody*"}},
		"composite of a log alarm": {func(t *testing.T, w *World) {
			w.other(t, "errors")
			w.composite(`ALARM("ohmycoins-staging/errors")`, critical)
		}, nil},
		"log alarm that tells nobody": {func(t *testing.T, w *World) {
			a := w.other(t, "errors")
			a.State, a.Since = cloudwatch.InsufficientData, now.Add(-15*24*time.Hour)
		}, []string{"*errors: insufficient-data: *", "*errors: no-actions: *"}},
		"composite with a rule that is none": {
			func(_ *testing.T, w *World) { w.composite(`ALARM(`, critical) },
			[]string{"*down: rule: *"},
		},

		"alarm that was never deployed": {func(t *testing.T, w *World) {
			w.Expected = healthy(t).Expected
			w.Metrics = slices.DeleteFunc(w.Metrics, func(a MetricAlarm) bool { return a.Name == prefix+"/backend/cpu-high" })
		}, []string{"*backend/cpu-high: not-deployed: *", "*backend/cpu-high-message: missing-alarm: *"}},
		"unit and window of another mind": {func(t *testing.T, w *World) {
			w.Expected = healthy(t).Expected
			a := w.alarm(t, "backend/cpu-high")
			data := w.Data[evaluate.ID(a.Queries[0].Metric)]
			a.WallClock, a.Queries[0].Metric.OnlyUnit = "UTC", cloudwatch.Percent
			data.Recent[Window(a.MetricAlarm)] = true
			w.Data[evaluate.ID(a.Queries[0].Metric)] = data
		}, []string{`*backend/cpu-high: drift: EvaluationWindow is "wall clock of UTC", want "sliding"; *Unit is "Percent", want ""*`}},
		"log alarm that Terraform may have": {func(t *testing.T, w *World) {
			w.Expected = healthy(t).Expected
			w.other(t, "errors").Actions = cloudwatch.Actions{Alarm: []string{critical}, OK: []string{critical}}
		}, nil},
		"alarm made by hand": {func(t *testing.T, w *World) {
			w.Expected = healthy(t).Expected
			twin := *w.alarm(t, "maintenance")
			twin.Name, twin.Threshold = prefix+"/by-hand", 95
			w.Metrics = append(w.Metrics, twin)
		}, []string{"*by-hand: not-expected: *"}},
		"actions that went away": {func(t *testing.T, w *World) {
			w.Expected = healthy(t).Expected
			a := w.sender(t, "backend/cpu-high")
			a.Actions.Alarm, a.Actions.OK = []string{critical}, []string{critical}
		}, []string{"*backend/cpu-high-message: drift: *AlarmActions is *critical*want *warning*OKActions*"}},

		"a database that nobody watches": {func(_ *testing.T, w *World) {
			for _, name := range []string{"DBLoad", "CPUUtilization", "ReadIOPS"} {
				w.list("AWS/RDS", name, dim("DBInstanceIdentifier", prefix+"-orders"))
			}
		}, []string{"resource AWS/RDS DBInstanceIdentifier=ohmycoins-staging-orders: unwatched: *CPUUtilization, DBLoad: *"}},
		"a database that an older alarm watches": {func(_ *testing.T, w *World) {
			w.list("AWS/RDS", "DBLoad", dim("DBInstanceIdentifier", prefix+"-orders"))
			old := MetricAlarm{MetricAlarm: cloudwatch.MetricAlarm{Name: "old", Queries: []cloudwatch.Query{{}}}}
			old.watch("AWS/RDS", "CPUUtilization", dim("DBInstanceIdentifier", prefix+"-orders"))
			w.Metrics = append(w.Metrics, old)
		}, nil},
		"a cluster whose services are watched": {func(_ *testing.T, w *World) {
			w.list("AWS/ECS", "CPUReservation", dim("ClusterName", prefix+"-cluster"))
			w.list("AWS/ECS", "CPUReservation", dim("ClusterName", prefix+"-batch"))
		}, []string{"resource AWS/ECS ClusterName=ohmycoins-staging-batch: unwatched: *CPUReservation*"}},
		"a body that is no JSON": {
			func(_ *testing.T, w *World) { w.Dashboards[0].Body = "{" },
			[]string{"dashboard ohmycoins-staging: dashboard-body: *"},
		},
	} {
		w := healthy(t)
		w.Expected = nil
		test.change(t, &w)
		findings, _ := Audit(w)
		var got []string
		for _, f := range findings {
			got = append(got, f.String())
			if f.Next == "" {
				t.Errorf("%s: what to do about %s?", name, f)
			}
		}
		for i := range max(len(got), len(test.want)) {
			if len(got) != len(test.want) || !like(test.want[i], got[i]) {
				t.Errorf("%s: found\n  %s\nwant\n  %s", name, strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
				break
			}
		}
	}
}

// What is not known is a note, and no verdict.
func TestNotes(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.Expected = nil
	w.alarm(t, "backend/memory-high").Accounts = map[string]string{"": "111111111111"}
	w.unlist(w.alarm(t, "backend/memory-high").Queries[0].Metric)
	w.alarm(t, "backend/cpu-high").Queries = []cloudwatch.Query{{ID: "q", Expression: "SELECT MAX(CPUUtilization) FROM SCHEMA(\"AWS/EC2\")", Period: time.Minute, ReturnData: true}}
	own := w.alarm(t, "alb/5xx-high")
	own.watch("Shop", "Errors")
	own.Actions.Alarm = append(own.Actions.Alarm, "arn:aws:automate:ap-southeast-2:ec2:recover")
	w.other(t, "logs").Actions = cloudwatch.Actions{Alarm: []string{critical}, OK: []string{critical}}
	w.alarm(t, "postgres/cpu-high").Unread = []string{"WarmUpConfiguration"}
	w.Dashboards = nil
	findings, notes := Audit(w)
	for _, f := range findings {
		t.Error(f)
	}
	want := []string{
		"alarm */alb/5xx-high: Shop Errors has had no data in two weeks*", "alarm */backend/cpu-high looks at what a query finds*",
		"alarm */backend/memory-high looks at a metric of account 111111111111*", "alarm */logs is a log alarm*",
		"alarm */postgres/cpu-high has WarmUpConfiguration*", "the action *ec2:recover has no target*",
	}
	if !slices.EqualFunc(want, notes, like) {
		t.Errorf("%q", notes)
	}
}

// TestMany audits an account in which everything is wrong with 100,000 alarms. What looked
// at all alarms or metrics for each of them would not come to an end.
func TestMany(t *testing.T) {
	t.Parallel()
	const alarms, metrics = 100_000, 10_000
	w := World{
		Now: now, Account: account, Listed: map[string][]cloudwatch.Metric{}, Data: map[string]Data{},
		Topics: map[string]Topic{critical: {Policy: topicPolicy, Subscriptions: []Subscription{{"email", "oncall@example.com", true}}}},
	}
	var file strings.Builder
	file.WriteString(`{"resource":{"aws_cloudwatch_metric_alarm":{`)
	for i := range alarms {
		id := fmt.Sprint(i)
		status := Status{ARN: "arn:aws:cloudwatch:ap-southeast-2:" + account + ":alarm:" + id, State: cloudwatch.OK, Since: now}
		actions := cloudwatch.Actions{Alarm: []string{critical}, OK: []string{critical}}
		m := cloudwatch.Metric{Namespace: "AWS/ElastiCache", Name: "CPUUtilization", Dimensions: []cloudwatch.Dimension{dim("CacheClusterId", "gone-"+id)}, Stat: "Average", Period: time.Minute}
		w.Metrics = append(w.Metrics, MetricAlarm{Status: status, MetricAlarm: cloudwatch.MetricAlarm{
			Name: id, EvaluationPeriods: 1, Threshold: float64(i), Actions: actions, Queries: []cloudwatch.Query{{ReturnData: true, Metric: m}},
		}})
		if i < metrics {
			w.list("AWS/ElastiCache", "CPUUtilization", dim("CacheClusterId", "there-"+id))
			w.list("AWS/RDS", "CPUUtilization", dim("DBInstanceIdentifier", id))
			w.Composites = append(w.Composites, CompositeAlarm{Status: status, CompositeAlarm: cloudwatch.CompositeAlarm{
				Name: "c" + id, AlarmRule: fmt.Sprintf("ALARM(c%d) OR ALARM(%d)", i+1, i), Actions: actions,
			}})
			fmt.Fprintf(&file, `"x%s":{"alarm_name":"x%s"},`, id, id)
		}
	}
	file.WriteString(`"x":{"alarm_name":"x"}}}}`)
	w.Expected = &Expected{}
	if err := w.Expected.Read("x.tf.json", []byte(file.String())); err != nil {
		t.Fatal(err)
	}
	w.Namespaces()
	w.Wanted()
	findings, _ := Audit(w)
	counts := map[string]int{}
	for _, f := range findings {
		counts[f.Check]++
	}
	want := map[string]int{
		"no-such-dimensions": alarms, "missing-alarm": 1, "not-deployed": metrics + 1, "not-expected": alarms + metrics,
		"unwatched": metrics,
	}
	if !maps.Equal(counts, want) {
		t.Errorf("found %v, want %v", counts, want)
	}
}

// With no prefix and no part of a name, everything in the account counts.
func TestEverything(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.Prefix, w.Part, w.Expected = "", "", nil
	findings, _ := Audit(w)
	if len(findings) != 1 || findings[0].Subject != "resource AWS/RDS DBInstanceIdentifier=somebody-elses" {
		t.Errorf("%v", findings)
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	const topic = "arn:aws:sns:ap-southeast-2:000000000000:t"
	allow := func(more string) string {
		return `{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"` + topic + `"` + more + `}`
	}
	deny := func(principal, more string) string {
		return `{"Effect":"Deny","Principal":` + principal + `,"Action":"SNS:*","Resource":"*"` + more + `}`
	}
	condition := func(operator, key, value string) string {
		return fmt.Sprintf(`,"Condition":{%q:{%q:%s}}`, operator, key, value)
	}
	for _, test := range []struct {
		statements string
		want       verdict
	}{
		{allow(""), yes},
		{`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:Publish"],"Resource":"*"` + condition("StringEquals", "AWS:SourceOwner", `"000000000000"`) + `}`, yes}, // the default
		{`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`, yes},
		{`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"*","Resource":"*"}`, no},
		{`{"Effect":"Allow","Principal":{"Service":["budgets.amazonaws.com","events.amazonaws.com"]},"Action":"sns:Publish","Resource":"*"}`, no},
		{`{"Effect":"Allow","Principal":"*","NotAction":"sns:Delete*","Resource":"*"}`, yes},
		{`{"Effect":"Allow","Principal":"*","NotAction":"sns:Pub*","Resource":"*"}`, no},
		{`{"Effect":"Allow","Principal":"*","Action":"sns:Publish","NotResource":"` + topic + `"}`, no},
		{`{"Effect":"Allow","NotPrincipal":{"AWS":"x"},"Action":"*","Resource":"*"}`, perhaps},
		{`{"Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"` + topic + `-other"}`, no},
		{allow(condition("StringEquals", "aws:SourceAccount", `["1","000000000000"]`)), yes},
		{allow(condition("StringEquals", "aws:SourceAccount", `"111111111111"`)), no},
		{allow(condition("StringNotEquals", "aws:SourceAccount", `"111111111111"`)), yes},
		{allow(condition("ArnLike", "aws:SourceArn", `"arn:aws:cloudwatch:*:000000000000:alarm:a?b*"`)), yes},
		{allow(condition("ArnEquals", "aws:SourceArn", `"arn:aws:cloudwatch:*:000000000000:alarm:other*"`)), no},
		{allow(condition("ArnNotLike", "aws:SourceArn", `"arn:aws:cloudwatch:*"`)), no},
		{allow(condition("StringEqualsIfExists", "aws:SourceAccount", `"111111111111"`)), no},
		{allow(condition("Null", "aws:SourceArn", `"false"`)), yes},
		{allow(condition("StringEquals", "aws:PrincipalOrgID", `"o-1"`)), perhaps},
		{allow(condition("IpAddress", "aws:SourceArn", `"10.0.0.0/8"`)), perhaps},
		{allow("") + "," + deny(`"*"`, ""), no},
		{allow("") + "," + deny(`"*"`, condition("Bool", "aws:SecureTransport", "false")), yes},
		{allow("") + "," + deny(`"*"`, condition("Bool", "aws:SecureTransport", `["true"]`)), no},
		{allow("") + "," + deny(`"*"`, condition("StringNotEquals", "aws:PrincipalOrgID", `"o-1"`)), perhaps},
		{deny(`"*"`, condition("StringNotEquals", "aws:PrincipalOrgID", `"o-1"`)) + "," + allow(""), perhaps},
		{deny(`{"AWS":"arn:aws:iam::1:user/x"}`, "") + "," + allow(""), yes},
	} {
		p, err := parsePolicy(`{"Statement":[` + test.statements + `]}`)
		if err != nil {
			t.Errorf("%s: %v", test.statements, err)
			continue
		}
		got, why := p.decide("sns:Publish", topic, callOf(cloudWatch, account, "arn:aws:cloudwatch:ap-southeast-2:000000000000:alarm:a/b/c", topic))
		if got != test.want || got == perhaps && why == "" {
			t.Errorf("%s: is %d (%s), want %d", test.statements, got, why, test.want)
		}
	}
	for _, text := range []string{"", "{", `{"Statement":[]}`, `{"Statement":7}`, `{"Statement":{"Action":7}}`} {
		if _, err := parsePolicy(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestExpectedFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":              "is no Terraform JSON",
		"resource x {}": "is no Terraform JSON",
		"[]":            "is no Terraform JSON",
		"{}":            "has no alarm",
		`{"version":4}`: "has no alarm",
		`{"resource":{"aws_s3_bucket":{"x":{"bucket":"b"}}}}`:                                                  "has no alarm",
		`{"resource":{"aws_cloudwatch_metric_alarm":{"x":{"alarm_name":"a","threshold":"many"}}}}`:             "aws_cloudwatch_metric_alarm.x",
		`{"resource":{"aws_cloudwatch_composite_alarm":{"y":{"alarm_name":7}}}}`:                               "aws_cloudwatch_composite_alarm.y",
		`{"resource":{"aws_cloudwatch_metric_alarm":{"x":{"alarm_name":"a","dimensions":["not","a","map"]}}}}`: "aws_cloudwatch_metric_alarm.x",
	} {
		err := (&Expected{}).Read("file.json", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "file.json") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// What only an apply knows is no difference; names of the file's own resources are known.
func TestReferences(t *testing.T) {
	t.Parallel()
	e := &Expected{}
	err := e.Read("f", []byte(`{"resource":{
		"aws_sns_topic":{"t":{"name":"shop"}},
		"aws_cloudwatch_metric_alarm":{"m":{"alarm_name":"the \"m\"","threshold":"${var.limit}","period":"60","evaluation_periods":2,
			"metric_name":"M","namespace":"N","dimensions":{"A":"${element(split(\":\", x.y), 4)}","B":"b"},"alarm_actions":["${aws_sns_topic.t.arn}"],"alarm_description":"$${LABEL}"}},
		"aws_cloudwatch_composite_alarm":{"c":{"alarm_name":"${var.name}-c","alarm_rule":"ALARM(${aws_cloudwatch_metric_alarm.m.alarm_name})",
			"actions_suppressor":{"alarm":"${aws_cloudwatch_metric_alarm.m.arn}","wait_period":60,"extension_period":120}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := cloudwatch.MetricAlarm{
		Threshold: 7, EvaluationPeriods: 2, DatapointsToAlarm: 2, TreatMissingData: cloudwatch.Missing, Description: "${LABEL}",
		Queries: []cloudwatch.Query{{Metric: cloudwatch.Metric{Namespace: "N", Name: "M", Period: time.Minute, Dimensions: []cloudwatch.Dimension{dim("B", "b"), dim("A", "1")}}}},
		Actions: cloudwatch.Actions{Alarm: []string{"arn:aws:sns:r:1:shop"}},
	}
	if list := differences(metricFields(e.metrics[0].MetricAlarm), metricFields(got)); len(list) > 0 {
		t.Error(list)
	}
	got.Actions.Alarm, got.Queries[0].Metric.Dimensions[0].Value = []string{"arn:aws:sns:r:1:shop2"}, "c"
	if list := differences(metricFields(e.metrics[0].MetricAlarm), metricFields(got)); len(list) != 2 {
		t.Error(list)
	}
	c := cloudwatch.CompositeAlarm{
		AlarmRule: `ALARM(the "m")`, ActionsSuppressor: `arn:aws:cloudwatch:r:1:alarm:the "m"`,
		ActionsSuppressorWaitPeriod: time.Minute, ActionsSuppressorExtensionPeriod: 2 * time.Minute,
	}
	if list := differences(compositeFields(e.composites[0].CompositeAlarm), compositeFields(c)); len(list) > 0 || e.composites[0].Name != "*-c" {
		t.Error(e.composites[0].Name, list)
	}
}

func TestLike(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"a*", "abc", true},
		{"*c", "abc", true},
		{"a*c*", "abcd", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"*ab*ab", "abab", true},
		{"*ab*ab", "ab", false},
		{"abc", "abcd", false},
		{strings.Repeat("*a", 40) + "b", strings.Repeat("a", 2000), false}, // not for ever
	} {
		if got := like(test.pattern, test.text); got != test.want {
			t.Errorf("%q, %q: %t", test.pattern, test.text, got)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "less than a minute", time.Minute: "1 minute", 90 * time.Minute: "1 hour", 23 * time.Hour: "23 hours", 24 * time.Hour: "1 day", 49 * time.Hour: "2 days",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
