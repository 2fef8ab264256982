package events

import "github.com/ohmycoins/infra/internal/problems"

// kind puts the key of a source before the keys of its rules. The section of a rule in
// the runbook is called after the kind, "ecs-task-failed", where it has no other.
func kind(name, key string, rules []Rule) []Rule {
	if key == "" {
		key = name
	}
	for i := range rules {
		if rules[i].Runbook == "" {
			rules[i].Runbook = name + "-" + rules[i].Key
		}
		rules[i].Key = key + "-" + rules[i].Key
	}
	return rules
}

func checkKey(p *problems.Problems, key string) {
	if key != "" && !problems.IsKey(key) {
		p.Want("Key", key, "a key that matches %s, or none", problems.KeyPattern)
	}
}

// call is a pattern of a call that succeeded, as CloudTrail tells of it. detail says
// which.
func call(source string, detail Pattern) Pattern {
	detail["eventSource"] = Is(source + ".amazonaws.com")
	detail["errorCode"] = Is(Exists(false))
	return Pattern{"source": Is("aws." + source), "detail-type": Is("AWS API Call via CloudTrail"), "detail": detail}
}
