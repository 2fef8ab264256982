package environment

import "time"

// Production is what customers use. AWS names begin with "ohmycoins-prod", while the
// application's own ENVIRONMENT is "production".
func Production() Environment {
	return Environment{
		Name:   "production",
		Prefix: "ohmycoins-prod",
		Region: "ap-southeast-2",
		State: State{
			Bucket: "ohmycoins-terraform-state",
			Key:    "operations/production/terraform.tfstate",
		},
		Tags: map[string]string{
			"Project":     "Oh My Coins",
			"Environment": "production",
			"ManagedBy":   "Terraform",
		},
		Cluster: Cluster{
			Name:              "ohmycoins-prod-cluster",
			ContainerInsights: true,
			Services: []Service{
				{
					Key:        "backend",
					Name:       "ohmycoins-prod-backend",
					Container:  "backend",
					LogGroup:   "/ecs/ohmycoins-prod/backend",
					Repository: "omc-backend",
					Build: Build{
						Context:    "backend",
						Dockerfile: "backend/Dockerfile",
						Platform:   "linux/amd64",
					},
					Migration: []string{"bash", "scripts/prestart.sh"},
					DeploymentAlarms: []string{
						"ohmycoins-prod/alb/5xx-high",
						"ohmycoins-prod/alb-backend/unhealthy-targets",
					},
					Checks: []Check{
						{URL: "https://api.ohmycoins.com/api/v1/utils/health-check/", Status: 200, Body: "true"},
					},
				},
				{
					Key:        "frontend",
					Name:       "ohmycoins-prod-frontend",
					Container:  "frontend",
					LogGroup:   "/ecs/ohmycoins-prod/frontend",
					Repository: "omc-frontend",
					Build: Build{
						Context:        "frontend",
						Dockerfile:     "frontend/Dockerfile",
						Platform:       "linux/amd64",
						Args:           map[string]string{"VITE_API_URL": "https://api.ohmycoins.com"},
						PerEnvironment: true,
					},
					DeploymentAlarms: []string{
						"ohmycoins-prod/alb-frontend/unhealthy-targets",
					},
					Checks: []Check{
						{URL: "https://dashboard.ohmycoins.com/", Status: 200},
					},
				},
			},
		},
		LoadBalancer: LoadBalancer{
			Name: "ohmycoins-prod-alb",
			TargetGroups: []TargetGroup{
				{Key: "backend", Name: "ohmycoins-prod-backend-tg"},
				{Key: "frontend", Name: "ohmycoins-prod-frontend-tg"},
			},
		},
		Database: Database{Instance: "ohmycoins-prod-postgres", Class: "db.t3.small"},
		Cache: Cache{
			ReplicationGroup: "ohmycoins-prod-redis",
			NodeType:         "cache.t3.small",
			Nodes: []Node{
				{Key: "001", ID: "ohmycoins-prod-redis-001"},
				{Key: "002", ID: "ohmycoins-prod-redis-002"},
			},
		},
		Secret: Secret{
			Name:         "ohmycoins-prod-app-secrets",
			Description:  "Application secrets of Oh My Coins, production",
			RecoveryDays: 30,
			Keys:         applicationKeys(),
		},
		Roles: Roles{TaskExecution: "ohmycoins-prod-ecs-task-execution-role"},
		Synthetics: Synthetics{
			Canaries: []Canary{
				{
					Key: "api", Name: "ohmycoins-prod-api", Service: "backend", EveryMinutes: 5,
					Check: Check{URL: "https://api.ohmycoins.com/api/v1/utils/health-check/", Status: 200, Body: "true"},
				},
				{
					Key: "dashboard", Name: "ohmycoins-prod-dashboard", Service: "frontend", EveryMinutes: 5,
					Check: Check{URL: "https://dashboard.ohmycoins.com/", Status: 200},
				},
			},
			Bucket:   "ohmycoins-prod-canaries",
			Role:     "ohmycoins-prod-canaries",
			Boundary: "ohmycoins-prod-canaries-boundary",
		},
		Budget: Budget{Name: "ohmycoins-prod-monthly", Amount: 600, Currency: "USD", AnomaliesFrom: 50},
		Notify: Notify{
			Critical: Recipients{Emails: []string{"oncall@example.com", "platform@example.com"}},
			Warning:  Recipients{Emails: []string{"platform@example.com"}},
		},
		Events: Events{
			SecretReaders:  []string{"ohmycoins-prod-github-actions-role"},
			Account:        true,
			HealthServices: []string{"ACM", "ECR", "ECS", "ELASTICACHE", "ELASTICLOADBALANCING", "FARGATE", "KMS", "RDS", "SECRETSMANAGER", "SNS", "VPC"},
		},
		Profile: "recommended",
		ServiceLevels: []ServiceLevel{
			{Key: "api-availability", TargetGroup: "backend", Objective: 99.5},
			{Key: "api-latency", TargetGroup: "backend", Objective: 99, Within: time.Second},
		},
		Deployment: Deployment{
			Folder:         "deployments/production",
			TimeoutMinutes: 20,
			Confirm:        true,
		},
	}
}
