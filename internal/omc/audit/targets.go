package audit

import (
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
)

// Topic is an SNS topic that alarms notify.
type Topic struct {
	// Missing says that it does not exist.
	Missing bool
	// Problem is why nothing is known about it, or "".
	Problem       string
	Policy        string
	Subscriptions []Subscription
	// Key is how the topic is encrypted; nil when it is not.
	Key *Key
}

// Subscription is who gets what a topic is sent.
type Subscription struct {
	// Protocol is "email", "https" and so on.
	Protocol string
	// Address is what may be shown of the endpoint.
	Address string
	// Confirmed says that it gets messages.
	Confirmed bool
}

// Key is the key of a topic.
type Key struct {
	// ID is what the topic calls it.
	ID string
	// ARN is the key's own; empty where it is not known.
	ARN string
	// State is KMS's: "Enabled". Missing is a key that does not exist.
	State string
	// Problem is why nothing is known about it, or "".
	Problem string
	Policy  string
}

// Missing is the state of a key that does not exist.
const Missing = "missing"

// Function is a Lambda function that alarms call.
type Function struct {
	// Missing says that it, or the version or alias of it, does not exist.
	Missing bool
	// Problem is why nothing is known about it, or "".
	Problem string
	// Policy is who may call it; "" when nobody else may.
	Policy string
}

func isTopic(action string) bool { return service(action) == "sns" }

func isFunction(action string) bool { return service(action) == "lambda" }

// builtIn are the services whose actions have no target that could be missing: what stops
// or recovers the alarm's own instance, and what writes a new OpsItem.
var builtIn = []string{"automate", "swf", "ssm"}

// service is the service that an ARN belongs to: "sns".
func service(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 2 && parts[0] == "arn" {
		return parts[2]
	}
	return ""
}

// Targets returns the topics that the audited alarms notify and the functions that they
// call, sorted.
func (w World) Targets() (topics, functions []string) {
	for _, action := range slices.Sorted(maps.Keys(w.notifying())) {
		switch {
		case isTopic(action):
			topics = append(topics, action)
		case isFunction(action):
			functions = append(functions, action)
		}
	}
	return topics, functions
}

// notifying returns the audited alarms, by each of their actions.
func (w World) notifying() map[string][]alarm {
	by := map[string][]alarm{}
	for a := range w.alarms {
		actions := slices.Concat(a.actions.Alarm, a.actions.OK, a.actions.InsufficientData)
		slices.Sort(actions)
		for _, action := range slices.Compact(actions) {
			by[action] = append(by[action], a)
		}
	}
	return by
}

// checkTargets wants each target to exist and to let CloudWatch in, and each topic to
// reach somebody.
func (w *World) checkTargets(r *report) {
	by := w.notifying()
	for _, action := range slices.Sorted(maps.Keys(by)) {
		switch alarms := by[action]; {
		case isTopic(action):
			w.checkTopic(r, action, alarms)
		case isFunction(action):
			w.checkFunction(r, action, alarms)
		case slices.Contains(builtIn, service(action)):
			r.note("the action %s has no target: whether CloudWatch may do it was not looked into", action)
		default:
			r.add("action "+action, "unchecked-target", "whether it exists, and lets CloudWatch in, is not known here; it is told by "+named(alarms),
				"look at it where it is made, and at the alarm's history after a test; or give the alarms a topic as well")
		}
	}
}

func (w *World) checkTopic(r *report, arn string, alarms []alarm) {
	topic := w.Topics[arn]
	subject := "topic " + arn[strings.LastIndex(arn, ":")+1:]
	switch {
	case topic.Missing:
		r.add(subject, "no-topic", "it does not exist, and is told by "+named(alarms), "create the topic, or give the alarms another one")
		return
	case topic.Problem != "":
		r.add(subject, "unknown-topic", "nothing is known about it: "+topic.Problem, "let this role read it: sns:GetTopicAttributes and sns:ListSubscriptionsByTopic on "+arn)
		return
	}
	topic.checkSubscriptions(r, subject, alarms)
	w.checkDoor(r, subject, arn, topic, alarms)
}

func (w *World) checkFunction(r *report, arn string, alarms []alarm) {
	f := w.Functions[arn]
	_, name, _ := strings.Cut(arn, ":function:")
	subject := "function " + name
	switch {
	case f.Missing:
		r.add(subject, "no-function", "it does not exist, and is called by "+named(alarms), "create the function, or give the alarms another one")
	case f.Problem != "":
		r.add(subject, "unknown-function", "nothing is known about it: "+f.Problem, "let this role read it: lambda:GetFunctionConfiguration and lambda:GetPolicy on "+arn)
	case f.Policy == "":
		r.add(subject, "policy", "it has no policy: CloudWatch may not call it for "+named(alarms), "aws lambda add-permission, with the principal "+functionsOfAlarm)
	default:
		w.checkPolicy(r, functionsOfAlarm, subject, "its policy", f.Policy, arn, arn, alarms, "lambda:InvokeFunction")
	}
}

// named names alarms for a message.
func named(alarms []alarm) string {
	var names []string
	for _, a := range alarms {
		names = append(names, a.name)
	}
	return some(names, ", ")
}

func (t Topic) checkSubscriptions(r *report, subject string, alarms []alarm) {
	confirmed := 0
	for _, s := range t.Subscriptions {
		if s.Protocol == "email" || s.Protocol == "email-json" {
			if a, err := mail.ParseAddress(s.Address); err != nil || !strings.Contains(a.Address[strings.LastIndex(a.Address, "@"):], ".") {
				r.add(subject, "address", fmt.Sprintf("%q is no e-mail address", s.Address), "subscribe another address, and delete this one")
				continue
			}
		}
		if s.Confirmed {
			confirmed++
			continue
		}
		r.add(subject, "unconfirmed", s.Address+" has not confirmed: it gets nothing", "follow the link in the message \"AWS Notification - Subscription Confirmation\", or subscribe again: the link lasts three days")
	}
	if confirmed == 0 {
		r.add(subject, "nobody", "nobody has a confirmed subscription, so that nobody is told by "+named(alarms), "subscribe somebody, who then confirms")
	}
}

// checkDoor wants the topic's policy and its key to let CloudWatch in.
func (w *World) checkDoor(r *report, subject, arn string, t Topic, alarms []alarm) {
	w.checkPolicy(r, cloudWatch, subject, "its policy", t.Policy, arn, arn, alarms, "sns:Publish")
	key := t.Key
	switch {
	case key == nil:
	case strings.HasSuffix(key.ID, "alias/aws/sns"):
		r.add(subject, "key", "it is encrypted with alias/aws/sns, which CloudWatch can never use", "encrypt it with a key of yours whose policy allows cloudwatch.amazonaws.com kms:Decrypt and kms:GenerateDataKey*")
	case key.Problem != "":
		r.add(subject, "key", fmt.Sprintf("nothing is known about its key %s: %s", key.ID, key.Problem), "let this role read it: kms:DescribeKey and kms:GetKeyPolicy")
	case key.State == Missing:
		r.add(subject, "key", fmt.Sprintf("its key %s does not exist", key.ID), "encrypt the topic with a key that exists")
	case key.State != "Enabled":
		r.add(subject, "key", fmt.Sprintf("its key %s is %s, want Enabled", key.ID, key.State), "enable the key, or cancel its deletion: aws kms cancel-key-deletion, aws kms enable-key")
	default:
		w.checkPolicy(r, cloudWatch, subject, "the policy of its key "+key.ID, key.Policy, key.ARN, arn, alarms, "kms:Decrypt", "kms:GenerateDataKey")
	}
}

// checkPolicy wants a policy to allow CloudWatch actions for each of the alarms.
func (w *World) checkPolicy(r *report, principal, subject, what, policy, resource, target string, alarms []alarm, actions ...string) {
	doc, err := parsePolicy(policy)
	if err != nil {
		r.add(subject, "policy", what+" cannot be read: "+err.Error(), "write a policy that allows "+principal+" "+strings.Join(actions, " and "))
		return
	}
	for _, action := range actions {
		var refused, unknown []alarm
		why := ""
		for _, a := range alarms {
			switch v, reason := doc.decide(action, resource, callOf(principal, w.Account, a.ARN, target)); v {
			case no:
				refused = append(refused, a)
			case perhaps:
				unknown, why = append(unknown, a), reason
			}
		}
		if len(refused) > 0 {
			r.add(subject, "policy", fmt.Sprintf("%s does not let CloudWatch do %s: nobody is told by %s", what, action, named(refused)),
				fmt.Sprintf("allow the service %s %s, with aws:SourceAccount %s", principal, action, w.Account))
		}
		if len(unknown) > 0 {
			r.add(subject, "policy", fmt.Sprintf("whether %s lets CloudWatch do %s cannot be told: %s", what, action, why),
				"try it: omc alarms test; or write the statement with aws:SourceAccount or aws:SourceArn only")
		}
	}
}
