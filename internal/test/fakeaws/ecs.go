package fakeaws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Service is an ECS service.
type Service struct {
	Name        string
	Status      string
	Desired     int
	TargetGroup string
	// Deployments are newest first.
	Deployments []*Deployment
	Events      []string
	// Unhealthy are targets that the load balancer does not like.
	Unhealthy []string
	// Script is how the next roll-outs go, one after the other. Default: they succeed
	// at the second look.
	Script []Rollout
	// Configuration is the deployment configuration of the last update.
	Configuration map[string]any

	// before is how it was described before the newest update.
	before map[string]any
}

// Deployment is one roll-out of a service.
type Deployment struct {
	ID         string
	Status     string
	Definition string
	State      string
	Reason     string

	Desired, Running, Pending, Failed int

	// Hold keeps the roll-out as it is.
	Hold bool

	script Rollout
	looks  int
}

// Rollout says how a roll-out goes.
type Rollout struct {
	// Looks is how often the service is described before the roll-out ends.
	Looks int
	// End is how it ends. Default: Completes.
	End End
	// Tasks are the tasks that stopped during it: reason and exit code.
	Tasks []StoppedTask
}

// End is how a roll-out ends.
type End string

// How roll-outs end.
const (
	// Completes: the new tasks run.
	Completes End = ""
	// Fails: ECS says FAILED, and does nothing about it.
	Fails End = "fails"
	// FailsAndReturns: ECS says FAILED and is on its way back.
	FailsAndReturns End = "fails and returns"
	// Returned: the circuit breaker has rolled back already; the service is stable
	// and the deployment is gone.
	Returned End = "returned"
	// Superseded: somebody else has deployed meanwhile.
	Superseded End = "superseded"
	// Hangs: it never ends.
	Hangs End = "hangs"
	// Drained: the service is no longer active.
	Drained End = "drained"
)

// StoppedTask is a task that did not live.
type StoppedTask struct {
	Reason          string
	ContainerReason string
	ExitCode        *int32
	Log             []string
	Unhealthy       bool
}

type task struct {
	arn, definition string
	startedBy       string
	token, request  string
	looks           int
	stopped         bool
	reason          string
}

func (c *Cloud) next() int { c.serial++; return c.serial }

// register stores a task definition as it came over the wire.
func (c *Cloud) register(body map[string]any) string {
	family, _ := body["family"].(string)
	c.revision[family]++
	arn := c.arn("ecs", fmt.Sprintf("task-definition/%s:%d", family, c.revision[family]))
	c.Definitions[arn] = clone(body)
	return arn
}

func (c *Cloud) registerTaskDefinition(r request) reply {
	if tags, given := r.body["tags"].([]any); given && len(tags) == 0 {
		return failure(http.StatusBadRequest, "ClientException", "Tags can not be empty.")
	}
	return c.describeDefinition(c.register(r.body))
}

func (c *Cloud) describeTaskDefinition(r request) reply {
	arn := r.text("taskDefinition")
	if !strings.HasPrefix(arn, "arn:") {
		arn = c.arn("ecs", "task-definition/"+arn)
	}
	if _, exists := c.Definitions[arn]; !exists {
		return failure(http.StatusBadRequest, "ClientException", "Unable to describe task definition.")
	}
	return c.describeDefinition(arn)
}

func (c *Cloud) describeDefinition(arn string) reply {
	described := clone(c.Definitions[arn])
	tags := described["tags"]
	delete(described, "tags")
	// What describe returns and register does not accept.
	described["taskDefinitionArn"] = arn
	described["revision"] = revisionOf(arn)
	described["status"] = "ACTIVE"
	if c.inactive(arn) {
		described["status"] = "INACTIVE"
	}
	described["registeredAt"] = c.Clock.Now().Unix()
	described["registeredBy"] = "arn:aws:sts::" + Account + ":assumed-role/deployer/somebody"
	described["compatibilities"] = []any{"EC2", "FARGATE"}
	described["requiresAttributes"] = []any{map[string]any{"name": "com.amazonaws.ecs.capability.ecr-auth"}}
	return ok(map[string]any{"taskDefinition": described, "tags": tags})
}

// inactive reports whether a task definition was deregistered.
func (c *Cloud) inactive(arn string) bool {
	return c.Inactive != "" && strings.HasSuffix(arn, "/"+c.Inactive)
}

func revisionOf(arn string) int {
	var n int
	_, _ = fmt.Sscanf(arn[strings.LastIndex(arn, ":")+1:], "%d", &n)
	return n
}

func (c *Cloud) describeClusters(r request) reply {
	if c.ClusterState == "" {
		return ok(map[string]any{"clusters": []any{}, "failures": []any{map[string]any{"reason": "MISSING"}}})
	}
	return ok(map[string]any{"clusters": []any{map[string]any{"clusterName": r.texts("clusters")[0], "status": c.ClusterState}}})
}

func (c *Cloud) describeServices(r request) reply {
	if c.ClusterState == "" {
		return failure(http.StatusBadRequest, "ClusterNotFoundException", "Cluster not found.")
	}
	var list, failures []any
	for _, name := range r.texts("services") {
		service, exists := c.Services[name]
		if exists && r.stale && service.before != nil {
			list = append(list, service.before)
			continue
		}
		if !exists || r.missing {
			failures = append(failures, map[string]any{"arn": c.arn("ecs", "service/"+name), "reason": "MISSING"})
			continue
		}
		c.look(service)
		list = append(list, c.serviceJSON(service))
	}
	return ok(map[string]any{"services": list, "failures": failures})
}

// Runs gives a service another revision, as somebody else would: a copy of the one that it
// runs. Its roll-out is complete.
func (c *Cloud) Runs(key string, revision int) {
	for _, service := range c.Env.Cluster.Services {
		if service.Key != key {
			continue
		}
		primary := c.Services[service.Name].Deployments[0]
		arn := c.arn("ecs", fmt.Sprintf("task-definition/%s:%d", service.Name, revision))
		c.Definitions[arn] = clone(c.Definitions[primary.Definition])
		s := c.Services[service.Name]
		s.Deployments = []*Deployment{{
			ID: fmt.Sprintf("ecs-svc/%d", c.next()), Status: "PRIMARY", Definition: arn, State: "COMPLETED", Desired: s.Desired, Running: s.Desired,
		}}
		c.revision[service.Name] = max(c.revision[service.Name], revision)
	}
}

// look lets a roll-out go on by one step.
func (c *Cloud) look(service *Service) {
	for _, d := range slices.Clone(service.Deployments) {
		if d.State != "IN_PROGRESS" || d.Hold {
			continue
		}
		d.looks++
		if d.looks < max(d.script.Looks, 1) {
			d.Pending = service.Desired
			continue
		}
		c.finish(service, d)
	}
}

// finish ends a roll-out as its script says.
func (c *Cloud) finish(service *Service, d *Deployment) {
	var before *Deployment
	for _, other := range service.Deployments {
		if other != d && other.State == "COMPLETED" {
			before = other
		}
	}
	back := func(state string) *Deployment {
		b := &Deployment{
			ID: fmt.Sprintf("ecs-svc/back-%d", c.next()), Status: "PRIMARY", Definition: before.Definition, State: state,
			Reason: "ECS deployment circuit breaker: rolling back to deploymentId " + before.ID, Desired: service.Desired, Running: service.Desired,
		}
		b.script = Rollout{Looks: 2}
		return b
	}
	for _, t := range d.script.Tasks {
		c.addStopped(d.Definition, t)
		d.Failed++
	}
	if d.script.End == FailsAndReturns || d.script.End == Returned {
		if breaker, _ := service.Configuration["deploymentCircuitBreaker"].(map[string]any); breaker["rollback"] != true {
			d.script.End = Fails // ECS returns to nothing without being told to
		}
	}
	switch d.script.End {
	case Completes:
		d.State, d.Running, d.Pending = "COMPLETED", service.Desired, 0
		d.Reason = "ECS deployment " + d.ID + " completed."
		service.Deployments = []*Deployment{d}
		service.Events = append(service.Events, "has reached a steady state.")
	case Fails:
		d.State, d.Reason, d.Pending = "FAILED", "ECS deployment circuit breaker: tasks failed to start.", 0
	case FailsAndReturns:
		d.State, d.Status, d.Reason = "FAILED", "ACTIVE", "ECS deployment circuit breaker: tasks failed to start."
		service.Deployments = []*Deployment{back("IN_PROGRESS"), d}
	case Returned:
		service.Deployments = []*Deployment{back("COMPLETED")}
	case Superseded:
		d.Status = "ACTIVE"
		other := &Deployment{
			ID: fmt.Sprintf("ecs-svc/other-%d", c.next()), Status: "PRIMARY", State: "IN_PROGRESS", Desired: service.Desired,
			Definition: strings.Replace(d.Definition, fmt.Sprintf(":%d", revisionOf(d.Definition)), ":99", 1), script: Rollout{Looks: 1},
		}
		service.Deployments = append([]*Deployment{other}, service.Deployments...)
		d.script.End = Hangs
	case Drained:
		service.Status = "DRAINING"
	case Hangs:
	}
}

func (c *Cloud) addStopped(definition string, t StoppedTask) {
	id := fmt.Sprintf("%032d", c.next())
	container := map[string]any{"name": containerOf(c.Definitions[definition]), "lastStatus": "STOPPED"}
	if t.ExitCode != nil {
		container["exitCode"] = *t.ExitCode
	}
	if t.ContainerReason != "" {
		container["reason"] = t.ContainerReason
	}
	if t.Unhealthy {
		container["healthStatus"] = "UNHEALTHY"
	}
	if t.Log != nil {
		c.Logs["ecs/"+containerOf(c.Definitions[definition])+"/"+id] = t.Log
	}
	c.Stopped = append(c.Stopped, map[string]any{
		"taskArn": c.arn("ecs", "task/"+c.Env.Cluster.Name+"/"+id), "taskDefinitionArn": definition, "lastStatus": "STOPPED",
		"stoppedReason": t.Reason, "stoppedAt": c.Clock.Now().Unix(), "containers": []any{container},
	})
}

func containerOf(definition map[string]any) string {
	containers, _ := definition["containerDefinitions"].([]any)
	if len(containers) == 0 {
		return ""
	}
	first, _ := containers[0].(map[string]any)
	name, _ := first["name"].(string)
	return name
}

func (c *Cloud) updateService(r request) reply {
	service, exists := c.Services[r.text("service")]
	if !exists || service.Status != "ACTIVE" {
		return failure(http.StatusBadRequest, "ServiceNotActiveException", "Service was not ACTIVE.")
	}
	definition := r.text("taskDefinition")
	if _, exists := c.Definitions[definition]; !exists {
		return failure(http.StatusBadRequest, "ClientException", "TaskDefinition not found.")
	}
	if c.inactive(definition) {
		return failure(http.StatusBadRequest, "ClientException", "TaskDefinition is inactive")
	}
	before := c.serviceJSON(service)
	service.Configuration, _ = r.body["deploymentConfiguration"].(map[string]any)
	if primary := service.Deployments[0]; primary.Definition != definition || r.body["forceNewDeployment"] == true {
		service.before = before
		script := Rollout{Looks: 2}
		if len(service.Script) > 0 {
			script, service.Script = service.Script[0], service.Script[1:]
		}
		for _, d := range service.Deployments {
			d.Status = "ACTIVE"
			if d.State == "IN_PROGRESS" {
				d.script.End = Hangs
			}
		}
		service.Deployments = append([]*Deployment{{
			ID: fmt.Sprintf("ecs-svc/%d", c.next()), Status: "PRIMARY", Definition: definition,
			State: "IN_PROGRESS", Desired: service.Desired, script: script,
		}}, service.Deployments...)
		service.Events = append(service.Events, "has started 1 tasks.")
	}
	return ok(map[string]any{"service": c.serviceJSON(service)})
}

func (c *Cloud) serviceJSON(service *Service) map[string]any {
	var deployments, events []any
	running := 0
	for _, d := range service.Deployments {
		running += d.Running
		deployments = append(deployments, map[string]any{
			"id": d.ID, "status": d.Status, "taskDefinition": d.Definition, "rolloutState": d.State, "rolloutStateReason": d.Reason,
			"desiredCount": d.Desired, "runningCount": d.Running, "pendingCount": d.Pending, "failedTasks": d.Failed,
			"createdAt": float64(c.Clock.Now().UnixNano()) / float64(time.Second),
		})
	}
	for i, text := range service.Events {
		events = append([]any{map[string]any{"id": fmt.Sprint(i), "message": "(service " + service.Name + ") " + text}}, events...)
	}
	return map[string]any{
		"serviceName": service.Name, "status": service.Status, "desiredCount": service.Desired, "runningCount": running,
		"taskDefinition": service.Deployments[0].Definition, "deployments": deployments, "events": events,
		"launchType": "FARGATE", "platformVersion": "LATEST",
		"loadBalancers":           []any{map[string]any{"targetGroupArn": service.TargetGroup, "containerPort": 80}},
		"deploymentConfiguration": map[string]any{"maximumPercent": 200, "minimumHealthyPercent": 50},
		"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{
			"subnets": []any{"subnet-1"}, "securityGroups": []any{"sg-1"}, "assignPublicIp": "DISABLED",
		}},
	}
}

func (c *Cloud) runTask(r request) reply {
	t := &task{
		arn: c.arn("ecs", fmt.Sprintf("task/%s/%032d", c.Env.Cluster.Name, c.next())), definition: r.text("taskDefinition"),
		startedBy: r.text("startedBy"), token: r.text("clientToken"), request: string(r.raw),
	}
	if c.Migration.Reason == "RESOURCE:MEMORY" {
		return ok(map[string]any{"failures": []any{map[string]any{"reason": c.Migration.Reason}}})
	}
	for _, other := range c.tasks {
		if t.token == "" || other.token != t.token {
			continue
		}
		if other.request != t.request {
			return failure(http.StatusBadRequest, "ConflictException",
				"The provided clientToken is already in use with a different RunTask request.")
		}
		return ok(map[string]any{"tasks": []any{map[string]any{"taskArn": other.arn, "lastStatus": "PROVISIONING"}}})
	}
	c.tasks[t.arn] = t
	c.Logs["ecs/"+containerOf(c.Definitions[t.definition])+"/"+t.arn[strings.LastIndex(t.arn, "/")+1:]] = c.Migration.Log
	return ok(map[string]any{"tasks": []any{map[string]any{"taskArn": t.arn, "lastStatus": "PROVISIONING"}}})
}

func (c *Cloud) stopTask(r request) reply {
	t, exists := c.tasks[r.text("task")]
	if !exists {
		return failure(http.StatusBadRequest, "InvalidParameterException", "The referenced task was not found.")
	}
	t.stopped, t.reason = true, r.text("reason")
	return ok(map[string]any{"task": map[string]any{"taskArn": t.arn}})
}

// StopReasons returns why one-off tasks were told to stop.
func (c *Cloud) StopReasons() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, t := range c.tasks {
		if t.stopped {
			list = append(list, t.reason)
		}
	}
	return list
}

func (c *Cloud) listTasks(r request) reply {
	var arns []any
	if by := r.text("startedBy"); by != "" {
		for _, t := range c.tasks {
			if t.startedBy == by && !t.stopped {
				arns = append(arns, t.arn)
			}
		}
		return ok(map[string]any{"taskArns": arns})
	}
	desired := r.text("desiredStatus")
	if desired == "" {
		desired = "RUNNING"
	}
	if family := r.text("family"); family != "" {
		for _, arn := range slices.Sorted(maps.Keys(c.tasks)) {
			t := c.tasks[arn]
			if strings.Contains(t.definition, "/"+family+":") && (desired == "RUNNING") == c.isRunning(t) {
				arns = append(arns, arn)
			}
		}
	}
	if desired == "RUNNING" {
		return ok(map[string]any{"taskArns": append(arns, c.arn("ecs", "task/"+c.Env.Cluster.Name+"/running-"+r.text("serviceName")+r.text("family")))})
	}
	for _, t := range c.Stopped {
		if arn, _ := t["taskDefinitionArn"].(string); strings.Contains(arn, r.text("serviceName")+":") && r.text("desiredStatus") == "STOPPED" {
			arns = append(arns, t["taskArn"])
		}
	}
	return ok(map[string]any{"taskArns": arns})
}

func (c *Cloud) isRunning(t *task) bool { return !t.stopped && t.looks < c.Migration.Polls }

// Running is how many one-off tasks run.
func (c *Cloud) Running() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, t := range c.tasks {
		if c.isRunning(t) {
			n++
		}
	}
	return n
}

func (c *Cloud) describeTasks(r request) reply {
	var list, failures []any
	for _, arn := range r.texts("tasks") {
		described := c.taskJSON(arn)
		if described == nil || r.missing {
			failures = append(failures, map[string]any{"arn": arn, "reason": "MISSING"})
			continue
		}
		list = append(list, described)
	}
	return ok(map[string]any{"tasks": list, "failures": failures})
}

// taskJSON describes a task. It is nil when there is none.
func (c *Cloud) taskJSON(arn string) map[string]any {
	if _, name, running := strings.Cut(arn, "/running-"); running {
		definition := c.Services[name].Deployments[0].Definition
		return map[string]any{"taskArn": arn, "taskDefinitionArn": definition, "lastStatus": "RUNNING", "containers": []any{
			map[string]any{"name": containerOf(c.Definitions[definition]), "imageDigest": Digest("running-" + name)},
		}}
	}
	if t, exists := c.tasks[arn]; exists {
		return c.oneOffJSON(t)
	}
	for _, t := range c.Stopped {
		if t["taskArn"] == arn {
			return t
		}
	}
	return nil
}

func (c *Cloud) oneOffJSON(t *task) map[string]any {
	t.looks++
	container := map[string]any{"name": containerOf(c.Definitions[t.definition]), "lastStatus": "RUNNING"}
	described := map[string]any{"taskArn": t.arn, "taskDefinitionArn": t.definition, "lastStatus": "RUNNING", "containers": []any{container}, "startedBy": t.startedBy}
	if t.stopped || t.looks >= c.Migration.Polls {
		described["lastStatus"], container["lastStatus"] = "STOPPED", "STOPPED"
		described["stoppedReason"] = c.Migration.Reason
		if c.Migration.ExitCode != nil {
			container["exitCode"] = *c.Migration.ExitCode
		}
	}
	return described
}
