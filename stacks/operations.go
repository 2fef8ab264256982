// Package stacks puts operations on top of the infrastructure that exists: a
// stack for each environment, named like it.
package stacks

import (
	"time"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/budget"
	"github.com/ohmycoins/infra/constructs/canary"
	"github.com/ohmycoins/infra/constructs/events"
	"github.com/ohmycoins/infra/constructs/existing"
	"github.com/ohmycoins/infra/constructs/monitoring"
	"github.com/ohmycoins/infra/constructs/monitoring/kinds"
	"github.com/ohmycoins/infra/constructs/secrets"
	"github.com/ohmycoins/infra/internal/cdk"
	"github.com/ohmycoins/infra/stacks/environment"
)

// RunbookURL is the runbook that alarms and dashboards link to.
const RunbookURL = "https://github.com/ohmycoins/infra/blob/main/docs/runbook.md"

// NewOperations makes the stack of an environment. It looks up everything that
// exists already, so that a wrong identifier fails the plan with its name instead
// of giving an alarm that can never go off.
func NewOperations(app constructs.Construct, env environment.Environment) {
	stack := cdk.NewStack(app, env.Name, cdk.Stack{
		Region:      env.Region,
		AccountID:   env.AccountID,
		StateBucket: env.State.Bucket,
		StateKey:    env.State.Key,
		Tags:        env.Tags,
	})
	exists := lookUp(stack, env)

	secret := secrets.New(stack, "app-secrets", secrets.Config{
		Name:              env.Secret.Name,
		Description:       env.Secret.Description,
		Keys:              secretKeys(env.Secret.Keys),
		RecoveryDays:      float64(env.Secret.RecoveryDays),
		DeleteImmediately: env.Secret.DeleteImmediately,
		ReaderRoles:       map[string]string{"task-execution": env.Roles.TaskExecution},
		AdoptARN:          exists.secretARN,
		// The application does not start without its secret, so that destroying the
		// operations stack must not take it along. The rule protects only as long as
		// this call stays in the code and keeps its id.
		Protect: true,
	})
	told := eventsConfig(env, secret.ARN())
	mon := monitoring.New(stack, "monitoring", monitoringConfig(env, exists, told))
	told.Topics = mon.TopicARNs()
	happened := events.New(stack, "events", told)
	cost := budgetConfig(env)
	cost.TopicARN = mon.TopicARN(monitoring.Warning)
	budget.New(stack, "budget", cost)
	if len(env.Synthetics.Canaries) > 0 {
		canary.New(stack, "canaries", canary.Config{
			Region:              env.Region,
			Canaries:            canaries(env),
			Bucket:              env.Synthetics.Bucket,
			Role:                env.Synthetics.Role,
			PermissionsBoundary: exists.boundaryARN,
		})
	}

	cdk.NewOutput(stack, "dashboard-url", cdk.Output{Description: "The dashboard in the AWS console", Value: mon.DashboardURL()})
	cdk.NewOutput(stack, "alarm-arns", cdk.Output{Description: "The ARN of every alarm", Value: mon.AlarmARNs()})
	cdk.NewOutput(stack, "critical-topic-arn", cdk.Output{Description: "The topic for alarms that need action now", Value: mon.TopicARN(monitoring.Critical)})
	cdk.NewOutput(stack, "warning-topic-arn", cdk.Output{Description: "The topic for alarms that can wait for working hours", Value: mon.TopicARN(monitoring.Warning)})
	cdk.NewOutput(stack, "event-rule-arns", cdk.Output{Description: "The ARN of every rule that tells of an event", Value: happened.RuleARNs()})
	cdk.NewOutput(stack, "undelivered-events-url", cdk.Output{Description: "The queue of events of which nobody could be told", Value: happened.QueueURL()})
	cdk.NewOutput(stack, "secret-arn", cdk.Output{Description: "The application's secret", Value: secret.ARN()})
	cdk.NewOutput(stack, "secret-id", cdk.Output{Description: "The id of the application's secret", Value: secret.ID()})
	cdk.NewOutput(stack, "secret-name", cdk.Output{Description: "The name of the application's secret", Value: secret.Name()})
	cdk.NewOutput(stack, "secret-policy-arn", cdk.Output{Description: "The policy that lets a role read the secret", Value: secret.PolicyARN()})
	cdk.NewOutput(stack, "secret-policy-name", cdk.Output{Description: "The name of that policy", Value: secret.PolicyName()})
}

// Monitoring is how an environment is watched, as [NewOperations] makes it, for
// tools and tests that have no Terraform: made-up ids stand where only AWS knows the
// real ones.
func Monitoring(env environment.Environment) monitoring.Config {
	const id = "0000000000000000"
	exists := found{loadBalancer: "app/" + env.LoadBalancer.Name + "/" + id, targetGroups: map[string]string{}}
	for _, group := range env.LoadBalancer.TargetGroups {
		exists.targetGroups[group.Key] = "targetgroup/" + group.Name + "/" + id
	}
	return monitoringConfig(env, exists, Events(env))
}

func monitoringConfig(env environment.Environment, exists found, told events.Config) monitoring.Config {
	topics, profiles := topics(env)
	return quiet(env, monitoring.Config{
		Name:       env.Prefix,
		Region:     env.Region,
		Notify:     targets(env.Notify),
		Resources:  append(append(resources(env, exists), told.Undelivered()), topics...),
		Profile:    monitoring.Profile(env.Profile),
		Profiles:   profiles,
		Tune:       tuning(env.Tune),
		Publishers: append(budgetConfig(env).Publishers(monitoring.Warning), told.Publisher()),
		Panels:     []monitoring.Panel{budgetConfig(env).Panel()},

		RunbookURL: RunbookURL,
	})
}

// Events are the events of an environment that are told, as [NewOperations] makes the
// rules, for tools and tests that have no Terraform.
func Events(env environment.Environment) events.Config {
	const here = ":000000000000:"
	cfg := eventsConfig(env, "arn:aws:secretsmanager:"+env.Region+here+"secret:"+env.Secret.Name+"-AbCdEf")
	cfg.Topics = map[monitoring.Severity][]string{}
	for _, s := range []monitoring.Severity{monitoring.Critical, monitoring.Warning} {
		cfg.Topics[s] = []string{"arn:aws:sns:" + env.Region + here + env.Prefix + "-" + string(s)}
	}
	return cfg
}

// eventsConfig has no topics yet.
func eventsConfig(env environment.Environment, secretARN string) events.Config {
	sources := []events.Source{
		events.ECSCluster{Cluster: env.Cluster.Name},
		events.RDS{Instance: env.Database.Instance},
		events.ElastiCache{ReplicationGroup: env.Cache.ReplicationGroup},
		events.Secret{
			Name: env.Secret.Name, ARN: secretARN,
			Readers: append([]string{env.Roles.TaskExecution}, env.Events.SecretReaders...),
		},
	}
	if env.Events.Account {
		sources = append(sources, events.Account{HealthServices: env.Events.HealthServices})
	}
	return events.Config{Name: env.Prefix, Region: env.Region, Sources: sources, RunbookURL: RunbookURL}
}

// budgetConfig has no topic yet.
func budgetConfig(env environment.Environment) budget.Config {
	return budget.Config{
		Name: env.Budget.Name, Amount: env.Budget.Amount, Currency: env.Budget.Currency, AnomaliesFrom: env.Budget.AnomaliesFrom,
		Tag: budget.Tag{Key: environment.EnvironmentTag, Value: env.Tags[environment.EnvironmentTag]},
	}
}

// found is what only AWS knows about the infrastructure.
type found struct {
	loadBalancer string            // ARN suffix
	targetGroups map[string]string // ARN suffixes
	secretARN    string
	boundaryARN  string // of the canaries' role
}

// lookUp finds what exists. Each look-up has the name in AWS as its id.
func lookUp(stack cdk.Scope, env environment.Environment) found {
	node := cdk.NewNode(stack, "existing", nil)
	balancer, secret, role := env.LoadBalancer.Name, env.Secret.Name, env.Roles.TaskExecution
	exists := found{
		loadBalancer: existing.NewLoadBalancer(node, balancer, existing.LoadBalancer{Name: balancer}).ARNSuffix,
		targetGroups: map[string]string{},
		secretARN:    existing.NewSecret(node, secret, existing.Secret{Name: secret}).ARN,
	}
	for _, group := range env.LoadBalancer.TargetGroups {
		exists.targetGroups[group.Key] = existing.NewTargetGroup(node, group.Name, existing.TargetGroup{Name: group.Name}).ARNSuffix
	}
	for _, service := range env.Cluster.Services {
		existing.NewECSService(node, service.Name, existing.ECSService{Cluster: env.Cluster.Name, Name: service.Name})
	}
	existing.NewDatabase(node, env.Database.Instance, existing.Database{Instance: env.Database.Instance, Class: env.Database.Class})
	for _, n := range env.Cache.Nodes {
		existing.NewCacheNode(node, n.ID, existing.CacheNode{ID: n.ID, NodeType: env.Cache.NodeType})
	}
	existing.NewRole(node, role, existing.Role{Name: role})
	if boundary := env.Synthetics.Boundary; boundary != "" {
		exists.boundaryARN = existing.NewPolicy(node, boundary, existing.Policy{Name: boundary}).ARN
	}
	return exists
}

func secretKeys(keys []environment.SecretKey) []secrets.Key {
	var list []secrets.Key
	for _, key := range keys {
		list = append(list, secrets.Key{Name: key.Name, Optional: key.Optional})
	}
	return list
}

func resources(env environment.Environment, exists found) []monitoring.Resource {
	var list []monitoring.Resource
	for _, service := range env.Cluster.Services {
		list = append(list, monitoring.ECSService{
			Key:               service.Key,
			Cluster:           env.Cluster.Name,
			Service:           service.Name,
			Tasks:             service.Tasks,
			ContainerInsights: env.Cluster.ContainerInsights,
			ServiceConnect:    service.ServiceConnect,
		})
	}
	nodes := map[string]string{}
	for _, node := range env.Cache.Nodes {
		nodes[node.Key] = node.ID
	}
	alb := monitoring.ALB{Key: balancerKey, ARNSuffix: exists.loadBalancer, TargetGroups: exists.targetGroups}
	list = append(list,
		alb,
		monitoring.RDS{
			Key: databaseKey, Instance: env.Database.Instance, Class: env.Database.Class,
			PerformanceInsights: env.Database.PerformanceInsights, GP2: env.Database.GP2,
		},
		monitoring.Redis{Key: cacheKey, Nodes: nodes, NodeType: env.Cache.NodeType},
	)
	for _, level := range env.ServiceLevels {
		slo := monitoring.SLO{Key: level.Key, Objective: level.Objective, Of: alb.Availability(level.TargetGroup), RequestsPerDay: level.RequestsPerDay}
		if level.Within != 0 {
			slo.Of = alb.Latency(level.TargetGroup, level.Within)
		}
		list = append(list, slo)
	}
	for _, c := range canaries(env) {
		list = append(list, c)
	}
	return list
}

// topics are the topics that are made for alarms, and their profiles. What one cannot
// deliver the other one tells.
func topics(env environment.Environment) ([]monitoring.Resource, map[string]monitoring.Profile) {
	if env.Profile != string(monitoring.Recommended) {
		return nil, nil
	}
	var list []monitoring.Resource
	profiles := map[string]monitoring.Profile{}
	for _, topic := range []struct {
		of, toldAs monitoring.Severity
		recipients environment.Recipients
	}{
		{monitoring.Critical, monitoring.Warning, env.Notify.Critical},
		{monitoring.Warning, monitoring.Critical, env.Notify.Warning},
	} {
		if len(topic.recipients.Emails)+len(topic.recipients.URLs) == 0 {
			continue // none is made
		}
		key := "topic-" + string(topic.of)
		list = append(list, kinds.SNSTopic{Key: key, Name: env.Prefix + "-" + string(topic.of), Severity: topic.toldAs})
		profiles[key] = monitoring.Essential // the others are about filters, which no subscription has
	}
	return list, profiles
}

// canaries are both made and watched.
func canaries(env environment.Environment) []monitoring.Canary {
	var list []monitoring.Canary
	for _, c := range env.Synthetics.Canaries {
		list = append(list, monitoring.Canary{
			Key: c.Key, Name: c.Name, URL: c.Check.URL, Every: time.Duration(c.EveryMinutes) * time.Minute,
			Status: c.Check.Status, Body: c.Check.Body,
		})
	}
	return list
}

func targets(notify environment.Notify) map[monitoring.Severity][]monitoring.Target {
	list := func(r environment.Recipients) []monitoring.Target {
		var targets []monitoring.Target
		for _, address := range r.Emails {
			targets = append(targets, monitoring.Email(address))
		}
		for _, url := range r.URLs {
			targets = append(targets, monitoring.HTTPS(url))
		}
		for _, arn := range r.TopicARNs {
			targets = append(targets, monitoring.Topic(arn))
		}
		return targets
	}
	return map[monitoring.Severity][]monitoring.Target{
		monitoring.Critical: list(notify.Critical),
		monitoring.Warning:  list(notify.Warning),
	}
}

func tuning(tune map[string]environment.Tuning) map[string]monitoring.Tuning {
	changes := map[string]monitoring.Tuning{}
	for key, t := range tune {
		changes[key] = monitoring.Tuning{Threshold: t.Threshold, On: t.On, Off: t.Off, Reason: t.Reason}
	}
	return changes
}
