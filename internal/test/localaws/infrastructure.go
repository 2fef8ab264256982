package localaws

import "github.com/ohmycoins/infra/stacks/environment"

// Infrastructure is what exists in AWS beside what an environment names. Neither the
// stacks nor omc have to know it: only [Seed], which makes it, and the documents.
type Infrastructure struct {
	// Services are the services and their target groups, by the keys of the environment.
	Services map[string]Service
	Database Database
	// TaskRole is what the application may do, GitHubRole what its pipeline may.
	TaskRole, GitHubRole string
}

// Service is a service behind the load balancer.
type Service struct {
	// Port is what the container listens on, and the targets of its target group.
	Port int
	// HealthCheckPath is what the load balancer asks for.
	HealthCheckPath string
}

// Database is a PostgreSQL in RDS.
type Database struct {
	// StorageGiB is the allocated storage.
	StorageGiB int
	MultiAZ    bool
	// Name is the database in it, User who owns that.
	Name, User string
}

// InfrastructureOf returns the infrastructure of an environment. It has none for an
// environment that is not one of [environment.All].
func InfrastructureOf(env environment.Environment) Infrastructure { return infrastructures[env.Name] }

var infrastructures = map[string]Infrastructure{
	"staging": {
		Services: map[string]Service{
			"backend":  {Port: 8000, HealthCheckPath: "/api/v1/utils/health-check/"},
			"frontend": {Port: 80, HealthCheckPath: "/"},
		},
		Database:   Database{StorageGiB: 20, Name: "app", User: "postgres"},
		TaskRole:   "ohmycoins-staging-ecs-task-role",
		GitHubRole: "ohmycoins-staging-github-actions-role",
	},
	"production": {
		Services: map[string]Service{
			"backend":  {Port: 8000, HealthCheckPath: "/api/v1/utils/health-check/"},
			"frontend": {Port: 80, HealthCheckPath: "/"},
		},
		Database:   Database{StorageGiB: 100, MultiAZ: true, Name: "app", User: "postgres"},
		TaskRole:   "ohmycoins-prod-ecs-task-role",
		GitHubRole: "ohmycoins-prod-github-actions-role",
	},
}
