// The floor of the benchmark: what the same work takes in JavaScript, without Go
// and without jsii.
//
//   node floor.js <outdir> stacks <cdk.tf.json>…   the stacks that Go wrote, made again
//   node floor.js <outdir> alarms <number>         one stack with so many alarms
"use strict";

const fs = require("fs");
const { App, S3Backend, TerraformOutput, TerraformStack, LocalBackend } = require("cdktf");
const { Construct } = require("constructs");

// Attributes whose keys are no attributes, but the user's own words.
const maps = ["tags", "dimensions", "input_paths"];

const [outdir, what, ...args] = process.argv.slice(2);
const app = new App({ outdir, skipValidation: true });
if (what === "alarms") alarms(Number(args[0]));
else args.forEach((file) => stack(JSON.parse(fs.readFileSync(file))));
for (const child of app.node.children) child.runAllValidations();
app.synth();

function provider(name) {
  return require(`@cdktf/provider-aws/lib/${name}`);
}

function alarms(count) {
  const stack = new TerraformStack(app, "alarms");
  new LocalBackend(stack, { path: "alarms.tfstate" });
  new (provider("provider").AwsProvider)(stack, "aws", { region: "ap-southeast-2" });
  const { CloudwatchMetricAlarm } = provider("cloudwatch-metric-alarm");
  for (let i = 0; i < count; i++) {
    new CloudwatchMetricAlarm(stack, `alarm-${i}`, {
      alarmName: `example-${i}`,
      alarmDescription: "Look at the logs first",
      namespace: "AWS/ECS",
      metricName: "CPUUtilization",
      dimensions: { ClusterName: "example", ServiceName: `service-${i}` },
      statistic: "Average",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 80,
      period: 60,
      evaluationPeriods: 5,
      treatMissingData: "missing",
      alarmActions: ["arn:aws:sns:ap-southeast-2:000000000000:example"],
      okActions: ["arn:aws:sns:ap-southeast-2:000000000000:example"],
    });
  }
}

// stack makes the constructs that Terraform JSON was made of, in the same places
// of the tree.
function stack(json) {
  const name = json["//"].metadata.stackName;
  const stack = new TerraformStack(app, name);
  const nodes = new Map([[name, stack]]);
  const node = (path) => {
    if (!nodes.has(path)) {
      const [, parent, id] = path.match(/^(.*)\/([^/]*)$/);
      nodes.set(path, new Construct(node(parent), id));
    }
    return nodes.get(path);
  };
  for (const [type, configs] of Object.entries(json.provider)) {
    for (const config of configs) new (provider("provider").AwsProvider)(stack, type, camel(config));
  }
  const { use_lockfile, ...backend } = json.terraform.backend.s3;
  new S3Backend(stack, camel(backend)).addOverride("use_lockfile", use_lockfile);
  stack.addOverride("terraform.required_version", json.terraform.required_version);
  stack.addOverride("terraform.required_providers.aws.source", json.terraform.required_providers.aws.source);
  stack.addOverride("terraform.required_providers.aws.version", json.terraform.required_providers.aws.version);

  const imports = new Map((json.import ?? []).map(({ id, to }) => [to, id]));
  for (const [kind, prefix] of [["data", "data-aws-"], ["resource", ""]]) {
    for (const [type, all] of Object.entries(json[kind] ?? {})) {
      const module = provider(prefix + type.replace(/^aws_/, "").replaceAll("_", "-"));
      const wanted = (kind === "data" ? "Data" : "") + (kind === "data" ? type : type.replace(/^aws_/, "")).split("_").map(title).join("");
      for (const [id, { "//": meta, lifecycle, depends_on, ...config }] of Object.entries(all)) {
        const [, parent, last] = meta.metadata.path.match(/^(.*)\/([^/]*)$/);
        // A class has an A at its end where another one has its name already.
        const made = new (module[wanted] ?? module[wanted + "A"])(node(parent), last, {
          ...camel(config),
          dependsOn: depends_on?.map((fqn) => ({ fqn })),
        });
        if (lifecycle) made.lifecycle = camel(lifecycle);
        if (imports.has(`${type}.${id}`)) made.importFrom(imports.get(`${type}.${id}`));
      }
    }
  }
  for (const [id, config] of Object.entries(json.output)) new TerraformOutput(stack, id, { ...config, staticId: true });
}

function title(word) {
  return word[0].toUpperCase() + word.slice(1);
}

// camel turns attribute names into what the classes call them.
function camel(value, key) {
  if (Array.isArray(value)) return value.map((element) => camel(element));
  if (value === null || typeof value !== "object" || maps.includes(key)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase()), camel(inner, name)]),
  );
}
