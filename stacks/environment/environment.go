// Package environment describes the environments that Oh My Coins runs in: the
// identifiers of the infrastructure that exists already, and how it is to be
// operated. It is data only. Names are written out, never derived from each
// other: production, for one, is called "ohmycoins-prod" in AWS.
package environment

import "time"

// Environment is one deployment of the application in AWS.
type Environment struct {
	// Name is the environment's name and the id of its stack: "staging".
	Name string
	// Prefix begins the name of everything that belongs to the environment in
	// AWS: "ohmycoins-staging".
	Prefix string
	// Region is the AWS region that holds the infrastructure.
	Region string
	// AccountID is the only AWS account that may be touched, 12 digits.
	// Default: any account that the credentials belong to.
	AccountID string
	// State is where Terraform keeps the state of the operations stack.
	State State
	// Tags are put on every resource that can have tags.
	Tags map[string]string

	Cluster      Cluster
	LoadBalancer LoadBalancer
	Database     Database
	Cache        Cache
	Secret       Secret
	Roles        Roles
	Synthetics   Synthetics
	Budget       Budget
	Notify       Notify
	Events       Events
	Deployment   Deployment
	// Profile says which alarms there are: "essential" or "recommended", as in
	// docs/coverage.md.
	Profile string
	// ServiceLevels are what customers may expect. Default: nothing.
	ServiceLevels []ServiceLevel
	// Tune changes single alarms, by "<resource key>/<alarm id>", such as
	// "backend/cpu-high". Default: the thresholds of the alarm table in README.md.
	Tune map[string]Tuning
}

// State is an object in S3.
type State struct {
	// Bucket is a bucket that exists.
	Bucket string
	// Key differs from the key of the existing infrastructure's state.
	Key string
}

// Cluster is an ECS cluster and the services in it.
type Cluster struct {
	Name string
	// ContainerInsights says whether the cluster publishes task counts.
	ContainerInsights bool
	Services          []Service
}

// Service is an ECS service on Fargate.
type Service struct {
	// Key is the service's stable name in this project: "backend". It is part of
	// Terraform addresses and alarm names.
	Key string
	// Name is the name of the service and of its task family.
	Name string
	// Container is the name of the container that serves requests.
	Container string
	// Tasks is how many tasks are enough: with fewer the alarm tasks-missing goes off. It
	// is no more than the service always has, deployments and scaling included. Default: 1.
	Tasks int
	// ServiceConnect says that the service publishes what ECS Service Connect sees, so that
	// its own errors have an alarm. Default: false.
	ServiceConnect bool
	// LogGroup is the CloudWatch Logs group of the container.
	LogGroup string
	// Repository is the ECR repository of the container's image.
	Repository string
	// Build says how the image is made from the application's sources.
	Build Build
	// Migration is the command that brings the database up to date, run once with
	// the new image before the service is updated. Default: none is run.
	Migration []string
	// DeploymentAlarms are names of alarms that roll a deployment back when they go
	// off during it. Default: none.
	DeploymentAlarms []string
	// Checks have to pass before a deployment counts as successful.
	Checks []Check
}

// Build is how an image is made. Paths are relative to the root of the
// application's working tree.
type Build struct {
	// Context is the folder that the Dockerfile may copy from.
	Context string
	// Dockerfile is the path of the Dockerfile.
	Dockerfile string
	// Platform is what the tasks run on: "linux/amd64".
	Platform string
	// Args are the build arguments. They end up in the image, so that they never
	// hold a secret.
	Args map[string]string
	// PerEnvironment says that Args are values of this environment, so that no other
	// environment may use the image: its commit tag ends in the environment's name.
	PerEnvironment bool
}

// Check is an HTTP request and the answer that it must get.
type Check struct {
	URL string
	// Status is the HTTP status wanted.
	Status int
	// Body is the body wanted, without white space around it. Default: any.
	Body string
}

// LoadBalancer is an application load balancer.
type LoadBalancer struct {
	Name         string
	TargetGroups []TargetGroup
}

// TargetGroup holds the tasks of one service.
type TargetGroup struct {
	// Key is the target group's stable name in this project.
	Key  string
	Name string
}

// Database is an RDS instance.
type Database struct {
	// Instance is the DB instance identifier, not the resource id ("db-…").
	Instance string
	// Class is the instance class: "db.t3.micro".
	Class string
	// PerformanceInsights says that it is on, so that the load has an alarm. Default: false.
	PerformanceInsights bool
	// GP2 says that the storage is of type gp2 and below 1 TiB, so that its burst balance
	// has an alarm. Default: false.
	GP2 bool
}

// Cache is the nodes of Redis in ElastiCache.
type Cache struct {
	// ReplicationGroup is what the nodes belong to.
	ReplicationGroup string
	// NodeType is what the nodes run on: "cache.t3.micro".
	NodeType string
	Nodes    []Node
}

// Node is one node of a replication group. CloudWatch knows nodes only.
type Node struct {
	// Key is the node's stable name in this project: "001".
	Key string
	// ID is the cache cluster id of the node.
	ID string
}

// Secret is the application's secret in Secrets Manager. It exists already: the
// stack adopts it and never creates or reads a value.
type Secret struct {
	Name        string
	Description string
	// RecoveryDays is how many days a deleted secret can be restored: 7 to 30.
	// Default: 30.
	RecoveryDays int
	// DeleteImmediately deletes the secret without a recovery window. Default: false.
	DeleteImmediately bool
	Keys              []SecretKey
}

// SecretKey is a key of the JSON object that the secret holds.
type SecretKey struct {
	Name string
	// Optional says that no container needs the key: the backend's task definition does
	// not name it. Default: no backend task starts without the key.
	Optional bool
}

// Roles are names of IAM roles.
type Roles struct {
	// TaskExecution is the role that starts tasks, and reads the secret for them.
	TaskExecution string
}

// Deployment says how the application is deployed.
type Deployment struct {
	// Folder is where the lock and the records of deployments are kept in the
	// bucket of [State]: the first part of object keys, without a slash at its end.
	Folder string
	// TimeoutMinutes is how long a roll-out may take, at most a day. Default: 15.
	TimeoutMinutes int
	// Confirm says that people have to type the environment's name first.
	Confirm bool
}

// Synthetics are checks from outside, day and night. They cost money by the run.
type Synthetics struct {
	// Canaries are the checks. Default: none.
	Canaries []Canary
	// Bucket is the name of the bucket that is made for what their runs leave behind; no
	// other account of AWS has one of that name.
	Bucket string
	// Role is the name of the role that is made for them.
	Role string
	// Boundary is the name of the policy, which exists, that the role cannot go beyond.
	Boundary string
}

// Budget is what the environment may cost in a month: everything that has its tag
// Environment.
type Budget struct {
	// Name is the budget's name in AWS.
	Name string
	// Amount is what a month may cost, in Currency: "USD".
	Amount   float64
	Currency string
	// AnomaliesFrom is how much something unusual has to cost until somebody is told.
	// Default: nobody is told.
	AnomaliesFrom float64
}

// Canary calls an address as a customer does.
type Canary struct {
	// Key is the canary's stable name in this project: "api".
	Key string
	// Name is its name in AWS.
	Name string
	// Service is the key of the service that answers: while that is down, nobody is told
	// about the canary besides. Default: none, and somebody always is.
	Service string
	// EveryMinutes is how often, 1 to 60.
	EveryMinutes int
	// Check is what it calls, and the answer that it must get.
	Check Check
}

// Notify says who is told about alarms.
type Notify struct {
	Critical Recipients
	Warning  Recipients
}

// Recipients of alarms of one severity.
type Recipients struct {
	// Emails are addresses; each has to confirm its subscription once.
	Emails []string
	// URLs are https:// endpoints of paging services.
	URLs []string
	// TopicARNs are SNS topics that exist.
	TopicARNs []string
}

// ServiceLevel is how many of the requests to a target group have to be good.
type ServiceLevel struct {
	// Key is the objective's stable name in this project: "api-latency".
	Key string
	// TargetGroup is the key of the target group that gets the requests.
	TargetGroup string
	// Objective is the percentage of requests that have to be good: 99.5.
	Objective float64
	// Within is how long a good request takes at most. Default: a good request is one that
	// does not fail.
	Within time.Duration
	// RequestsPerDay is how many requests there are on a usual day: what so few cannot measure
	// is refused. Default: nothing is checked.
	RequestsPerDay float64
}

// Events says which events of AWS are told.
type Events struct {
	// SecretReaders are the names of roles that read the application's secret without
	// anybody being told, besides the one that starts tasks.
	SecretReaders []string
	// Account says that what concerns the whole account is told too: Health, certificates,
	// backups, GuardDuty. One environment of an account does, because both would say
	// the same. Default: false.
	Account bool
	// HealthServices are the services whose public events in AWS Health are told, as it
	// names them: "RDS". Default: only events about own resources.
	HealthServices []string
}

// Tuning changes one alarm.
type Tuning struct {
	// Threshold replaces the default, in the alarm's unit.
	Threshold float64
	// On adds an alarm that the profile does not have.
	On bool
	// Off switches the alarm off; Reason says why.
	Off    bool
	Reason string
}

// Maintenance is the metric that says that an environment is under maintenance: above 0
// in each minute of it. `omc maintenance` writes it, and an alarm looks at it.
type Maintenance struct{ Namespace, Name string }

// Maintenance returns the metric of the environment. Its namespace is the environment's
// own, because IAM knows namespaces and no dimensions: who may silence staging must not
// silence production.
func (e Environment) Maintenance() Maintenance {
	return Maintenance{Namespace: "OhMyCoins/Operations/" + e.Name, Name: "Maintenance"}
}

// MaintenanceAlarm is the name of the alarm on [Environment.Maintenance].
func (e Environment) MaintenanceAlarm() string { return e.Prefix + "/maintenance" }

// All returns every environment, in the order in which changes reach them.
func All() []Environment { return []Environment{Staging(), Production()} }

// Lookup returns the environment with that name.
func Lookup(name string) (Environment, bool) {
	for _, env := range All() {
		if env.Name == name {
			return env, true
		}
	}
	return Environment{}, false
}

// Names returns the name of every environment, in the order of [All].
func Names() []string {
	var names []string
	for _, env := range All() {
		names = append(names, env.Name)
	}
	return names
}

// applicationKeys are the keys of the application's secret, the same in every
// environment.
func applicationKeys() []SecretKey {
	return []SecretKey{
		{Name: "SECRET_KEY"},
		{Name: "FIRST_SUPERUSER"},
		{Name: "FIRST_SUPERUSER_PASSWORD"},
		{Name: "POSTGRES_SERVER", Optional: true},
		{Name: "POSTGRES_PORT", Optional: true},
		{Name: "POSTGRES_DB", Optional: true},
		{Name: "POSTGRES_USER", Optional: true},
		{Name: "POSTGRES_PASSWORD"},
		{Name: "SMTP_HOST"},
		{Name: "SMTP_USER"},
		{Name: "SMTP_PASSWORD"},
		{Name: "SMTP_TLS", Optional: true},
		{Name: "SMTP_SSL", Optional: true},
		{Name: "SMTP_PORT", Optional: true},
		{Name: "EMAILS_FROM_EMAIL", Optional: true},
		{Name: "REDIS_HOST", Optional: true},
		{Name: "REDIS_PORT", Optional: true},
		{Name: "LLM_PROVIDER", Optional: true},
		{Name: "OPENAI_API_KEY"},
		{Name: "OPENAI_MODEL", Optional: true},
		{Name: "SENTRY_DSN", Optional: true},
		{Name: "ENVIRONMENT", Optional: true},
		{Name: "FRONTEND_HOST", Optional: true},
	}
}
