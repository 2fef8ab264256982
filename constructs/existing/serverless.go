package existing

import (
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/ohmycoins/infra/constructs/shape"
	"github.com/ohmycoins/infra/internal/cdk"
)

// Queue is an SQS queue.
type Queue struct {
	// Name is the name of the queue ("orders"), not its URL.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// QueueRef is a queue that was found: its name as it was given, its ARN, and
// the URL that messages are sent to.
type QueueRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
	// URL is a reference to where messages are sent.
	URL string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Queue) Validate() error { return named(shape.QueueName, c.Name, c.Provider) }

// NewQueue looks up a queue.
func NewQueue(scope constructs.Construct, id string, cfg Queue) QueueRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) QueueRef {
		found := cdk.NewFoundQueue(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return QueueRef{Name: cfg.Name, ARN: found.ARN, URL: found.URL}
	})
}

// Function is a Lambda function.
type Function struct {
	// Name is the name of the function, without version or alias.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// FunctionRef is a function that was found: its name as it was given, and its ARN.
type FunctionRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Function) Validate() error { return named(shape.FunctionName, c.Name, c.Provider) }

// NewFunction looks up a function.
func NewFunction(scope constructs.Construct, id string, cfg Function) FunctionRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) FunctionRef {
		found := cdk.NewFoundFunction(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return FunctionRef{Name: cfg.Name, ARN: found.ARN}
	})
}

// Table is a DynamoDB table.
type Table struct {
	// Name is the name of the table.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// TableRef is a table that was found: its name as it was given, and its ARN.
type TableRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Table) Validate() error { return named(shape.TableName, c.Name, c.Provider) }

// NewTable looks up a table.
func NewTable(scope constructs.Construct, id string, cfg Table) TableRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) TableRef {
		found := cdk.NewFoundTable(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return TableRef{Name: cfg.Name, ARN: found.ARN}
	})
}

// Topic is an SNS topic.
type Topic struct {
	// Name is the name of the topic, not its ARN.
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// TopicRef is a topic that was found: its name as it was given, and its ARN.
type TopicRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c Topic) Validate() error { return named(shape.TopicName, c.Name, c.Provider) }

// NewTopic looks up a topic.
func NewTopic(scope constructs.Construct, id string, cfg Topic) TopicRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) TopicRef {
		found := cdk.NewFoundTopic(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return TopicRef{Name: cfg.Name, ARN: found.ARN}
	})
}

// LogGroup is a log group of CloudWatch Logs.
type LogGroup struct {
	// Name is the name of the log group ("/ecs/shop/web").
	Name string
	// Provider is the alias of the AWS provider to ask, such as one of another region.
	// Default: the stack's provider without an alias.
	Provider string
}

// LogGroupRef is a log group that was found: its name as it was given, and its ARN.
type LogGroupRef struct {
	// Name is as it was given.
	Name string
	// ARN is a reference that Terraform knows when it has found it.
	ARN string
}

// Validate returns everything that is wrong with the configuration, joined, or nil.
func (c LogGroup) Validate() error { return named(shape.LogGroupName, c.Name, c.Provider) }

// NewLogGroup looks up a log group.
func NewLogGroup(scope constructs.Construct, id string, cfg LogGroup) LogGroupRef {
	return lookUp(scope, id, cfg.Name, cfg.Validate(), func(id string) LogGroupRef {
		found := cdk.NewFoundLogGroup(scope, id, cdk.LookUp{Name: cfg.Name, Provider: cfg.Provider})
		return LogGroupRef{Name: cfg.Name, ARN: found.ARN}
	})
}
