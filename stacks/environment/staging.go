package environment

import "time"

// Staging is where changes are tried first.
func Staging() Environment {
	return Environment{
		Name:   "staging",
		Prefix: "ohmycoins-staging",
		Region: "ap-southeast-2",
		State: State{
			Bucket: "ohmycoins-terraform-state",
			Key:    "operations/staging/terraform.tfstate",
		},
		Tags: map[string]string{
			"Project":     "Oh My Coins",
			"Environment": "staging",
			"ManagedBy":   "Terraform",
		},
		Cluster: Cluster{
			Name:              "ohmycoins-staging-cluster",
			ContainerInsights: false,
			Services: []Service{
				{
					Key:        "backend",
					Name:       "ohmycoins-staging-backend",
					Container:  "backend",
					LogGroup:   "/ecs/ohmycoins-staging/backend",
					Repository: "omc-backend",
					Build: Build{
						Context:    "backend",
						Dockerfile: "backend/Dockerfile",
						Platform:   "linux/amd64",
					},
					Migration: []string{"bash", "scripts/prestart.sh"},
					DeploymentAlarms: []string{
						"ohmycoins-staging/alb/5xx-high",
						"ohmycoins-staging/alb-backend/unhealthy-targets",
					},
					Checks: []Check{
						{URL: "https://api.staging.ohmycoins.com/api/v1/utils/health-check/", Status: 200, Body: "true"},
					},
				},
				{
					Key:        "frontend",
					Name:       "ohmycoins-staging-frontend",
					Container:  "frontend",
					LogGroup:   "/ecs/ohmycoins-staging/frontend",
					Repository: "omc-frontend",
					Build: Build{
						Context:        "frontend",
						Dockerfile:     "frontend/Dockerfile",
						Platform:       "linux/amd64",
						Args:           map[string]string{"VITE_API_URL": "https://api.staging.ohmycoins.com"},
						PerEnvironment: true,
					},
					DeploymentAlarms: []string{
						"ohmycoins-staging/alb-frontend/unhealthy-targets",
					},
					Checks: []Check{
						{URL: "https://dashboard.staging.ohmycoins.com/", Status: 200},
					},
				},
			},
		},
		LoadBalancer: LoadBalancer{
			Name: "ohmycoins-staging-alb",
			TargetGroups: []TargetGroup{
				{Key: "backend", Name: "ohmycoins-staging-backend-tg"},
				{Key: "frontend", Name: "ohmycoins-staging-frontend-tg"},
			},
		},
		Database: Database{Instance: "ohmycoins-staging-postgres", Class: "db.t3.micro"},
		Cache: Cache{
			ReplicationGroup: "ohmycoins-staging-redis",
			NodeType:         "cache.t3.micro",
			Nodes: []Node{
				{Key: "001", ID: "ohmycoins-staging-redis-001"},
			},
		},
		Secret: Secret{
			Name:              "ohmycoins-staging-app-secrets",
			Description:       "Application secrets of Oh My Coins, staging",
			DeleteImmediately: true,
			Keys:              applicationKeys(),
		},
		Roles:  Roles{TaskExecution: "ohmycoins-staging-ecs-task-execution-role"},
		Budget: Budget{Name: "ohmycoins-staging-monthly", Amount: 150, Currency: "USD", AnomaliesFrom: 20},
		Notify: Notify{
			Critical: Recipients{Emails: []string{"oncall@example.com", "platform@example.com"}},
			Warning:  Recipients{Emails: []string{"platform@example.com"}},
		},
		Events: Events{
			SecretReaders: []string{"ohmycoins-staging-github-actions-role"},
		},
		Profile: "essential",
		ServiceLevels: []ServiceLevel{
			{Key: "api-availability", TargetGroup: "backend", Objective: 99.5},
			{Key: "api-latency", TargetGroup: "backend", Objective: 99, Within: time.Second},
		},
		Tune: map[string]Tuning{
			"backend/tasks-missing":  {On: true},
			"frontend/tasks-missing": {On: true},
		},
		Deployment: Deployment{
			Folder:         "deployments/staging",
			TimeoutMinutes: 15,
			Confirm:        false,
		},
	}
}
