package environment

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// lines are the problems that an error joins.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestEnvironmentsAreValid(t *testing.T) {
	if err := Validate(All()...); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Environment)
		want   []string
	}{
		"as it is":         {func(*Environment) {}, nil},
		"name":             {func(e *Environment) { e.Name = "Staging" }, []string{`Name: is "Staging", want a stable name that matches [a-z][a-z0-9-]*`}},
		"prefix":           {func(e *Environment) { e.Prefix = "" }, []string{`Prefix: is "", want a stable name that matches [a-z][a-z0-9-]*`}},
		"region":           {func(e *Environment) { e.Region = "ap-southeast-2a" }, []string{`Region: is "ap-southeast-2a", want an AWS region: one of ap-southeast-2, ap-southeast-1, ap-southeast-3 (the nearest of 48)`}},
		"no such region":   {func(e *Environment) { e.Region = "ap-southeast-9" }, []string{`Region: is "ap-southeast-9", want an AWS region: one of ap-southeast-1, ap-southeast-2, ap-southeast-3 (the nearest of 48)`}},
		"an account":       {func(e *Environment) { e.AccountID = "000000000000" }, nil},
		"account":          {func(e *Environment) { e.AccountID = "1234" }, []string{`AccountID: is "1234", want an account id ("000000000000"): 12 digits`}},
		"account in parts": {func(e *Environment) { e.AccountID = "0000-0000-0000" }, []string{`AccountID: is "0000-0000-0000", want an account id: "000000000000"`}},
		"bucket":           {func(e *Environment) { e.State.Bucket = "s3://state" }, []string{`State.Bucket: is "s3://state", want the name of a bucket: 3 to 63 of a-z 0-9 . -`}},
		"state":            {func(e *Environment) { e.State.Key = "/x" }, []string{`State.Key: is "/x", want the key of an object ("operations/staging/terraform.tfstate"), without a slash at its beginning or end`}},
		"cluster":          {func(e *Environment) { e.Cluster.Name = "arn:aws:ecs:x" }, []string{`Cluster.Name: is "arn:aws:ecs:x", want ` + aName}},
		"no services":      {func(e *Environment) { e.Cluster.Services = nil }, []string{`Cluster.Services: is empty, want at least one service`}},
		"one service":      {func(e *Environment) { e.Cluster.Services[1].Key = "backend" }, []string{`Cluster.Services[1].Key: is "backend", want each once: Cluster.Services[0].Key is the same`}},
		"service name":     {func(e *Environment) { e.Cluster.Services[1].Name = "" }, []string{`Cluster.Services[1].Name: is "", want ` + aName}},
		"tasks":            {func(e *Environment) { e.Cluster.Services[0].Tasks = -1 }, []string{`Cluster.Services[0].Tasks: is -1, want how many tasks are enough, or 0 for 1`}},
		"repository":       {func(e *Environment) { e.Cluster.Services[0].Repository = "" }, []string{`Cluster.Services[0].Repository: is "", want the name of an ECR repository ("omc-backend"), not its URI`}},
		"log group":        {func(e *Environment) { e.Cluster.Services[0].LogGroup = "" }, []string{`Cluster.Services[0].LogGroup: is "", want the name of a log group ("/ecs/shop/web"): 1 to 512 of A-Z a-z 0-9 _ - / . #`}},
		"context":          {func(e *Environment) { e.Cluster.Services[0].Build.Context = "../x" }, []string{`Cluster.Services[0].Build.Context: is "../x", want a path below the root of the application's working tree`}},
		"dockerfile":       {func(e *Environment) { e.Cluster.Services[0].Build.Dockerfile = "" }, []string{`Cluster.Services[0].Build.Dockerfile: is "", want a path below the root of the application's working tree`}},
		"platform":         {func(e *Environment) { e.Cluster.Services[0].Build.Platform = "x86" }, []string{`Cluster.Services[0].Build.Platform: is "x86", want a platform ("linux/amd64")`}},
		"argument":         {func(e *Environment) { e.Cluster.Services[1].Build.Args = map[string]string{"A B": ""} }, []string{`Cluster.Services[1].Build.Args: is "A B", want names of build arguments: a letter or _, then letters, digits, _`}},
		"migration":        {func(e *Environment) { e.Cluster.Services[0].Migration = []string{"bash", ""} }, []string{`Cluster.Services[0].Migration[1]: is "", want a word, or no list`}},
		"alarm":            {func(e *Environment) { e.Cluster.Services[0].DeploymentAlarms = []string{" "} }, []string{`Cluster.Services[0].DeploymentAlarms[0]: is " ", want a word, or no list`}},
		"check":            {func(e *Environment) { e.Cluster.Services[0].Checks[0] = Check{URL: "api.example.com"} }, []string{`Cluster.Services[0].Checks[0].URL: is "api.example.com", want an address such as "https://api.example.com/health"`, `Cluster.Services[0].Checks[0].Status: is 0, want an HTTP status: 100 to 599`}},
		"balancer":         {func(e *Environment) { e.LoadBalancer.Name = "app/x/1" }, []string{`LoadBalancer.Name: is "app/x/1", want ` + aName}},
		"one target group": {func(e *Environment) { e.LoadBalancer.TargetGroups[1] = e.LoadBalancer.TargetGroups[0] }, []string{`LoadBalancer.TargetGroups[1].Key: is "backend", want each once: LoadBalancer.TargetGroups[0].Key is the same`, `LoadBalancer.TargetGroups[1].Name: is "ohmycoins-staging-backend-tg", want each once: LoadBalancer.TargetGroups[0].Name is the same`}},
		"service level":    {func(e *Environment) { e.ServiceLevels[1].TargetGroup = "api" }, []string{`ServiceLevels[1].TargetGroup: is "api", want one of backend, frontend`}},
		"requests":         {func(e *Environment) { e.ServiceLevels[1].RequestsPerDay = math.NaN() }, []string{`ServiceLevels[1].RequestsPerDay: is NaN, want how many requests there are on a usual day, or 0 when nobody knows`}},
		"database":         {func(e *Environment) { e.Database.Instance = "" }, []string{`Database.Instance: is "", want ` + aName}},
		"node":             {func(e *Environment) { e.Cache.Nodes[0].Key = "A" }, []string{`Cache.Nodes[0].Key: is "A", want a stable name of a-z 0-9 - ("001")`}},
		"secret":           {func(e *Environment) { e.Secret.Name = "" }, []string{`Secret.Name: is "", want the name of a secret ("shop/app-secrets"): 1 to 512 of A-Z a-z 0-9 / _ + = . @ -`}},
		"no days":          {func(e *Environment) { e.Secret.DeleteImmediately = false }, nil},
		"days":             {func(e *Environment) { e.Secret.RecoveryDays, e.Secret.DeleteImmediately = 3, false }, []string{`Secret.RecoveryDays: is 3, want 0 (DeleteImmediately, or the default of 30) or 7 to 30`}},
		"days and none":    {func(e *Environment) { e.Secret.RecoveryDays = 7 }, []string{`Secret.RecoveryDays: is 7, want 0 when DeleteImmediately is true`}},
		"secret key":       {func(e *Environment) { e.Secret.Keys[1].Name = "SECRET_KEY" }, []string{`Secret.Keys[1].Name: is "SECRET_KEY", want each once: Secret.Keys[0].Name is the same`}},
		"no variable":      {func(e *Environment) { e.Secret.Keys[1].Name = "api.key" }, []string{`Secret.Keys[1].Name: is "api.key", want the name of an environment variable ("DATABASE_URL"): a letter or _, then letters, digits, _`}},
		"role":             {func(e *Environment) { e.Roles.TaskExecution = "role/x" }, []string{`Roles.TaskExecution: is "role/x", want ` + aName}},
		"canary": {func(e *Environment) {
			e.Synthetics = Synthetics{Canaries: []Canary{{Key: "API", Name: "shop/api", Service: "api", Check: Check{URL: "api.example.com", Status: 99}}}, Bucket: "B", Role: "a/b"}
		}, []string{
			`Synthetics.Canaries[0].Key: is "API", want a stable name that matches [a-z][a-z0-9-]*`,
			`Synthetics.Canaries[0].Name: is "shop/api", want the name of a canary: 0-9 a-z _ -`,
			`Synthetics.Canaries[0].EveryMinutes: is 0, want 1 to 60`,
			`Synthetics.Canaries[0].Service: is "api", want one of backend, frontend`,
			`Synthetics.Canaries[0].Check.URL: is "api.example.com", want an address such as "https://api.example.com/health"`,
			`Synthetics.Canaries[0].Check.Status: is 99, want an HTTP status: 100 to 599`,
			`Synthetics.Bucket: is "B", want the name of a bucket: 3 to 63 of a-z 0-9 . -`,
			`Synthetics.Role: is "a/b", want ` + aName, `Synthetics.Boundary: is "", want ` + aName,
		}},
		"one canary": {func(e *Environment) {
			e.Synthetics = Production().Synthetics
			e.Synthetics.Canaries[1].Key, e.Synthetics.Canaries[1].Name = "api", "ohmycoins-prod-api"
			e.Synthetics.Canaries[1].EveryMinutes = 61
		}, []string{
			`Synthetics.Canaries[1].Key: is "api", want each once: Synthetics.Canaries[0].Key is the same`,
			`Synthetics.Canaries[1].Name: is "ohmycoins-prod-api", want each once: Synthetics.Canaries[0].Name is the same`,
			`Synthetics.Canaries[1].EveryMinutes: is 61, want 1 to 60`,
		}},
		"no amount": {func(e *Environment) { e.Budget = Budget{Name: "a:b", AnomaliesFrom: -1} }, []string{
			`Budget.Name: is "a:b", want the name of a budget: 1 to 100 characters without : and \`,
			`Budget.Amount: is 0, want what a month may cost, more than 0`, `Budget.Currency: is "", want the currency of Amount ("USD")`,
			`Budget.AnomaliesFrom: is -1, want what an anomaly comes to, or 0 to be told of none`,
		}},
		"no tag":        {func(e *Environment) { e.Tags = nil }, []string{`Tags: is without Environment, want the tag that the budget counts by`}},
		"group":         {func(e *Environment) { e.Cache.ReplicationGroup = "" }, []string{`Cache.ReplicationGroup: is "", want ` + aName}},
		"reader":        {func(e *Environment) { e.Events.SecretReaders[0] = "role/x" }, []string{`Events.SecretReaders[0]: is "role/x", want ` + aName}},
		"health":        {func(e *Environment) { e.Events.HealthServices = []string{""} }, []string{`Events.HealthServices[0]: is "", want a word, or no list`}},
		"folder":        {func(e *Environment) { e.Deployment.Folder = "x/" }, []string{`Deployment.Folder: is "x/", want a folder in the bucket ("deployments/staging"), without a slash at its beginning or end`}},
		"no time-out":   {func(e *Environment) { e.Deployment.TimeoutMinutes = 0 }, nil},
		"time-out":      {func(e *Environment) { e.Deployment.TimeoutMinutes = -1 }, []string{`Deployment.TimeoutMinutes: is -1, want 0 (the default of 15) or 1 to 1440`}},
		"long time-out": {func(e *Environment) { e.Deployment.TimeoutMinutes = 1441 }, []string{`Deployment.TimeoutMinutes: is 1441, want 0 (the default of 15) or 1 to 1440`}},
		"all at once": {func(e *Environment) { e.Region, e.Secret.RecoveryDays = "", 7 }, []string{
			`Region: is "", want an AWS region ("ap-southeast-2")`, `Secret.RecoveryDays: is 7, want 0 when DeleteImmediately is true`,
		}},
	} {
		env := Staging()
		test.change(&env)
		if got := lines(env.Validate()); !slices.Equal(got, test.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, test.want)
		}
	}
}

// An environment that says nothing names everything that it has to say.
func TestValidateNothing(t *testing.T) {
	var fields []string
	for _, line := range lines(Environment{}.Validate()) {
		field, _, _ := strings.Cut(line, ":")
		fields = append(fields, field)
	}
	want := []string{
		"Name", "Prefix", "Region", "State.Bucket", "State.Key", "Cluster.Name", "Cluster.Services", "LoadBalancer.Name",
		"Database.Instance", "Database.Class", "Cache.NodeType", "Cache.ReplicationGroup", "Secret.Name", "Roles.TaskExecution",
		"Budget.Name", "Budget.Amount", "Budget.Currency", "Tags", "Deployment.Folder",
	}
	if !slices.Equal(fields, want) {
		t.Errorf("got %q, want %q", fields, want)
	}
}

// Two environments that share a name in AWS overwrite each other.
func TestValidateTogether(t *testing.T) {
	other := Production()
	other.Prefix, other.State.Key, other.Deployment.Folder = "ohmycoins-staging", Staging().State.Key, Staging().Deployment.Folder
	other.Region = ""
	want := []string{
		`production: Region: is "", want an AWS region ("ap-southeast-2")`,
		`production: Prefix: is "ohmycoins-staging", want another one than that of staging`,
		`production: State.Key: is "ohmycoins-terraform-state/operations/staging/terraform.tfstate", want another one than that of staging`,
		`production: Deployment.Folder: is "ohmycoins-terraform-state/deployments/staging", want another one than that of staging`,
	}
	if got := lines(Validate(Staging(), other)); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := lines(Validate(Staging(), Staging())); len(got) != 4 {
		t.Errorf("got %q", got)
	}
}

func TestTimeout(t *testing.T) {
	for minutes, want := range map[int]time.Duration{0: 15 * time.Minute, 20: 20 * time.Minute} {
		if got := (Deployment{TimeoutMinutes: minutes}).Timeout(); got != want {
			t.Errorf("%d: %s, want %s", minutes, got, want)
		}
	}
}
