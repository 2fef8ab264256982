# What the commands of the runbook and of the deployment guide use. Source it in bash, in this repository's folder:
#
#   source docs/ops.sh                                     asks for the environment
#   source docs/ops.sh production
#   source docs/ops.sh ohmycoins-prod/redis-001/cpu-high   an alarm's name, which tells the environment, the service and the node
#
# It sets these for one environment, and nothing for a name that it does not know:
#
#   ENV P API APP    the environment, the prefix of its names in AWS, the addresses of the API and of the dashboard
#   S NODE CANARY    the service, the Redis node and the canary that commands are about
#   ACCOUNT REGISTRY the account that your credentials belong to, and its image registry

if [ -z "${BASH_VERSION:-}" ] || [ "${BASH_VERSINFO[0]}" -lt 4 ]; then
  echo "docs/ops.sh needs bash 4 or newer: start bash, then source it again" >&2
  return 1
fi

ops_environment() {   # ops_environment [NAME OF AN ENVIRONMENT OR OF AN ALARM]
  local name=${1:-} resource
  if [ -z "$name" ]; then
    read -rp "Environment (staging, production) or name of the alarm: " name || true
  fi
  unset ENV P API APP S NODE CANARY ACCOUNT REGISTRY
  case $name in
    staging | ohmycoins-staging/?* | ohmycoins-staging-?*)
      ENV=staging; P=ohmycoins-staging; API=https://api.staging.ohmycoins.com; APP=https://dashboard.staging.ohmycoins.com ;;
    production | ohmycoins-prod/?* | ohmycoins-prod-?*)
      ENV=production; P=ohmycoins-prod; API=https://api.ohmycoins.com; APP=https://dashboard.ohmycoins.com ;;
    *)
      echo "docs/ops.sh: \"$name\" is no environment and no alarm: want staging, production, or a name such as ohmycoins-prod/backend/cpu-high. Nothing is set." >&2
      return 1 ;;
  esac
  S=backend NODE=$P-redis-001 CANARY=$P-api
  resource=${name#"$P/"} resource=${resource%%/*}
  case $resource in
    frontend | alb-frontend) S=frontend ;;
    redis-*) NODE=$P-$resource ;;
    dashboard) CANARY=$P-dashboard ;;
  esac
  export AWS_REGION=ap-southeast-2 AWS_DEFAULT_REGION=ap-southeast-2 AWS_PAGER=""
  local who
  if ! who=$(aws sts get-caller-identity --query '[Account,Arn]' --output text); then
    unset ENV P API APP S NODE CANARY
    echo "docs/ops.sh: AWS does not know who you are: log in (aws sso login, or AWS_PROFILE), then source it again. Nothing is set." >&2
    return 1
  fi
  ACCOUNT=${who%%[[:space:]]*} REGISTRY=${who%%[[:space:]]*}.dkr.ecr.ap-southeast-2.amazonaws.com
  echo "$ENV: $P, as ${who##*[[:space:]]}"
}

# ago 30: the time 30 minutes ago, in seconds since 1970.
ago() { echo $(( $(date +%s) - $1 * 60 )); }

# utc SECONDS: a time as people write it. GNU and macOS differ.
utc() { date -u -d "@$1" +%FT%TZ 2>/dev/null || date -u -r "$1" +%FT%TZ; }

# lb: what metrics call the load balancer. tg SERVICE: the ARN of a service's target group.
lb() { aws elbv2 describe-load-balancers --names "$P-alb" --query 'LoadBalancers[0].LoadBalancerArn' --output text | cut -d/ -f2-; }
tg() { aws elbv2 describe-target-groups --names "$P-$1-tg" --query 'TargetGroups[0].TargetGroupArn' --output text; }

# metric NAMESPACE "NAME..." STATISTIC MINUTES PERIOD DIMENSION=VALUE...: values of the last MINUTES, a line each, with their times in UTC.
metric() {
  local queries
  queries=$(jq -cn --arg space "$1" --arg names "$2" --arg statistic "$3" --argjson period "$5" '[$names | split(" ") | to_entries[] |
    {Id: "m\(.key)", Label: .value, MetricStat: {Stat: $statistic, Period: $period, Metric: {Namespace: $space, MetricName: .value,
    Dimensions: [$ARGS.positional[] | split("=") | {Name: .[0], Value: .[1]}]}}}]' --args "${@:6}")
  # Version 1 of the AWS CLI prints times as seconds.
  aws cloudwatch get-metric-data --start-time "$(ago "$4")" --end-time "$(ago 0)" --metric-data-queries "$queries" --output json |
    jq -r 'def time: if type == "number" then floor | todate else . end;
      .MetricDataResults[] | .Label as $name | [.Timestamps, .Values] | transpose | sort[] | [$name, (.[0] | time), .[1]] | @tsv'
}

# insights MINUTES QUERY: asks CloudWatch Logs Insights about the log of the service $S, and waits a minute at most for the answer.
insights() {
  local id answer
  id=$(aws logs start-query --log-group-name "/ecs/$P/$S" --start-time "$(ago "$1")" --end-time "$(ago 0)" --query-string "$2" \
    --query queryId --output text) || return
  for _ in {1..30}; do
    answer=$(aws logs get-query-results --query-id "$id" --output json) || return
    case $(jq -r .status <<<"$answer") in
      Complete) jq -r '.results[] | [.[] | select(.field != "@ptr") | .value] | @tsv' <<<"$answer"; return ;;
      Scheduled | Running) sleep 2 ;;
      *) break ;;
    esac
  done
  echo "insights: the query $id is $(jq -r .status <<<"$answer"): ask about less time" >&2
  return 1
}

# ask NAME PATTERN QUESTION: reads the variable NAME from you. An answer that PATTERN does not match is refused, and NAME is unset.
ask() {
  local answer=""
  unset "$1"
  read -rp "$3: " answer || true
  if ! [[ $answer =~ ^($2)$ ]]; then
    echo "\"$answer\" is no answer to \"$3\": nothing is changed" >&2
    return 1
  fi
  printf -v "$1" %s "$answer"
}

# confirm QUESTION: succeeds for the answer "yes" and for nothing else.
confirm() {
  local answer=""
  read -rp "$1? (yes) " answer || true
  [ "$answer" = yes ] || { echo "not \"yes\": nothing is changed" >&2; return 1; }
}

# console open, console psql, console redis-cli, console close: a task with both programs, where the backend's tasks are. It takes
# what it needs from the application's secret, and ends by itself after an hour.
console() {
  local task definition network secret roles=arn:aws:iam::$ACCOUNT:role/$P-ecs
  task=$(aws ecs list-tasks --cluster "$P-cluster" --family "$P-console" --desired-status RUNNING --query 'taskArns[0]' --output text) || return
  if [ "$1" != open ] && [ "$task" = None ]; then
    echo "console: none is open: console open" >&2
    return 1
  fi
  case $1 in
    psql) aws ecs execute-command --cluster "$P-cluster" --task "$task" --container psql --interactive --command psql ;;
    redis-cli) aws ecs execute-command --cluster "$P-cluster" --task "$task" --container redis-cli --interactive \
      --command "sh -c 'exec redis-cli -h \$REDIS_HOST -p \$REDIS_PORT'" ;;
    close) confirm "End the console of $ENV" &&
      aws ecs stop-task --cluster "$P-cluster" --task "$task" --query 'task.desiredStatus' --output text ;;
    open)
      [ "$task" = None ] || { echo "console: one is open already: $task"; return; }
      secret=$(aws secretsmanager describe-secret --secret-id "$P-app-secrets" --query ARN --output text) || return
      network=$(aws ecs describe-services --cluster "$P-cluster" --services "$P-backend" --query 'services[0].networkConfiguration' --output json) || return
      definition=$(jq -n --arg family "$P-console" --arg roles "$roles" --arg secret "$secret" '
        def from($keys): $keys | to_entries | map({name: .key, valueFrom: "\($secret):\(.value)::"});
        {$family, networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"], cpu: "256", memory: "512",
         executionRoleArn: "\($roles)-task-execution-role", taskRoleArn: "\($roles)-task-role", containerDefinitions: [
           {name: "psql", image: "public.ecr.aws/docker/library/postgres:16", secrets: from({PGHOST: "POSTGRES_SERVER",
            PGPORT: "POSTGRES_PORT", PGDATABASE: "POSTGRES_DB", PGUSER: "POSTGRES_USER", PGPASSWORD: "POSTGRES_PASSWORD"})},
           {name: "redis-cli", image: "public.ecr.aws/docker/library/redis:7", secrets: from({REDIS_HOST: "REDIS_HOST", REDIS_PORT: "REDIS_PORT"})}]}
        | .containerDefinitions[] += {essential: true, memory: 256, command: ["sleep", "3600"], linuxParameters: {initProcessEnabled: true}}')
      confirm "Start a task in $P-cluster that can reach the database of $ENV" || return
      definition=$(aws ecs register-task-definition --cli-input-json "$definition" --query taskDefinition.taskDefinitionArn --output text) || return
      task=$(aws ecs run-task --cluster "$P-cluster" --launch-type FARGATE --task-definition "$definition" --started-by console \
        --enable-execute-command --network-configuration "$network" --query 'tasks[0].taskArn' --output text) || return
      case $task in arn:*) ;; *) echo "console: ECS started no task" >&2; return 1 ;; esac
      aws ecs wait tasks-running --cluster "$P-cluster" --tasks "$task" && echo "console: open until $(utc "$(ago -60)")" ;;
    *) echo "console: want open, psql, redis-cli or close, not \"$1\"" >&2; return 1 ;;
  esac
}

ops_environment "$@"
