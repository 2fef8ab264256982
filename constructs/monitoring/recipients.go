package monitoring

// Recipients returns whom an action of an alarm in [Config.Definitions] reaches: the
// addresses and URLs of a topic that is made here, or else the ARN itself.
func (c Config) Recipients(action string) []string {
	for _, s := range c.notified() {
		if !c.makesTopic(s) || c.topicName(s) != action {
			continue
		}
		var recipients []string
		for _, t := range c.Notify[s] {
			if t.isSubscription() {
				recipients = append(recipients, t.address)
			}
		}
		return recipients
	}
	return []string{action}
}
