package fakeaws

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Digest returns an image digest that depends on text.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// answer carries out a call.
func (c *Cloud) answer(r request) reply {
	handler, ok := handlers[r.op]
	if !ok {
		return failure(http.StatusNotImplemented, "NotImplemented", "fakeaws has no "+r.op)
	}
	return handler(c, r)
}

var handlers = map[string]func(*Cloud, request) reply{
	"GetCallerIdentity":      (*Cloud).getCallerIdentity,
	"DescribeClusters":       (*Cloud).describeClusters,
	"DescribeServices":       (*Cloud).describeServices,
	"UpdateService":          (*Cloud).updateService,
	"DescribeTaskDefinition": (*Cloud).describeTaskDefinition,
	"RegisterTaskDefinition": (*Cloud).registerTaskDefinition,
	"RunTask":                (*Cloud).runTask,
	"StopTask":               (*Cloud).stopTask,
	"ListTasks":              (*Cloud).listTasks,
	"DescribeTasks":          (*Cloud).describeTasks,
	"DescribeRepositories":   (*Cloud).describeRepositories,
	"DescribeImages":         (*Cloud).describeImages,
	"BatchGetImage":          (*Cloud).batchGetImage,
	"PutImage":               (*Cloud).putImage,
	"GetAuthorizationToken":  (*Cloud).getAuthorizationToken,
	"GetSecretValue":         (*Cloud).getSecretValue,
	"DescribeAlarms":         (*Cloud).describeAlarms,
	"GetLogEvents":           (*Cloud).getLogEvents,
	"DescribeTargetHealth":   (*Cloud).describeTargetHealth,
	"GetObject":              (*Cloud).getObject,
	"PutObject":              (*Cloud).putObject,
	"DeleteObject":           (*Cloud).deleteObject,
	"ListObjects":            (*Cloud).listObjects,

	"DescribeSecret":           (*Cloud).describeSecret,
	"PutSecretValue":           (*Cloud).putSecretValue,
	"ListTagsForResource":      (*Cloud).listTagsForResource,
	"SetAlarmState":            (*Cloud).setAlarmState,
	"PutMetricData":            (*Cloud).putMetricData,
	"FilterLogEvents":          (*Cloud).filterLogEvents,
	"DescribeTargetGroups":     (*Cloud).describeTargetGroups,
	"DescribeDBInstances":      (*Cloud).describeDatabases,
	"DescribeCacheClusters":    (*Cloud).describeCacheClusters,
	"ListSubscriptionsByTopic": (*Cloud).listSubscriptionsByTopic,

	"ListMetrics":          (*Cloud).listMetrics,
	"GetMetricData":        (*Cloud).getMetricData,
	"DescribeAlarmHistory": (*Cloud).describeAlarmHistory,
	"ListDashboards":       (*Cloud).listDashboards,
	"GetDashboard":         (*Cloud).getDashboard,
	"GetTopicAttributes":   (*Cloud).getTopicAttributes,
	"DescribeKey":          (*Cloud).describeKey,
	"GetKeyPolicy":         (*Cloud).getKeyPolicy,
}

func (c *Cloud) getCallerIdentity(r request) reply {
	account := cmp.Or(c.Accounts[accessKey(r.http)], Account)
	return ok(`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
		`<Arn>arn:aws:sts::` + account + `:assumed-role/deployer/somebody</Arn><UserId>AROATEST:somebody</UserId><Account>` + account + `</Account>` +
		`</GetCallerIdentityResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></GetCallerIdentityResponse>`)
}

func (c *Cloud) describeRepositories(r request) reply {
	var list []any
	for _, name := range r.texts("repositoryNames") {
		repository, exists := c.Repositories[name]
		if !exists {
			return failure(http.StatusBadRequest, "RepositoryNotFoundException", "The repository with name '"+name+"' does not exist")
		}
		list = append(list, map[string]any{"repositoryName": name, "repositoryUri": repository.URI})
	}
	return ok(map[string]any{"repositories": list})
}

func (c *Cloud) describeImages(r request) reply {
	repository, exists := c.Repositories[r.text("repositoryName")]
	if !exists {
		return failure(http.StatusBadRequest, "RepositoryNotFoundException", "no such repository")
	}
	var details []any
	ids, _ := r.body["imageIds"].([]any)
	for _, item := range ids {
		id, _ := item.(map[string]any)
		tag, _ := id["imageTag"].(string)
		digest, _ := id["imageDigest"].(string)
		if tag != "" {
			digest = c.digest(r.http, repository, r.text("repositoryName"), tag)
		} else if !slices.Contains(slices.Collect(maps.Values(repository.Images)), digest) {
			digest = ""
		}
		if digest == "" {
			return failure(http.StatusBadRequest, "ImageNotFoundException", "The image does not exist within the repository")
		}
		details = append(details, map[string]any{"imageDigest": digest, "repositoryName": r.text("repositoryName")})
	}
	return ok(map[string]any{"imageDetails": details})
}

func (c *Cloud) batchGetImage(r request) reply {
	id, _ := r.body["imageIds"].([]any)[0].(map[string]any)
	digest, _ := id["imageDigest"].(string)
	return ok(map[string]any{"images": []any{map[string]any{
		"imageManifest": digest, "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json", "imageId": id,
	}}})
}

func (c *Cloud) putImage(r request) reply {
	c.Repositories[r.text("repositoryName")].Images[r.text("imageTag")] = r.text("imageManifest")
	return ok(map[string]any{"image": map[string]any{}})
}

// digest returns the digest of a tag: what the real registry says, when there is one.
func (c *Cloud) digest(r *http.Request, repository *Repository, name, tag string) string {
	if c.RegistryURL == "" {
		return repository.Images[tag]
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodHead, c.RegistryURL+"/v2/"+name+"/manifests/"+tag, nil) //nolint:gosec // on this machine
	if err != nil {
		return ""
	}
	req.Header.Set("Accept", "*/*")
	resp, err := http.DefaultClient.Do(req) //nolint:gosec // on this machine
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	return resp.Header.Get("Docker-Content-Digest")
}

func (c *Cloud) getAuthorizationToken(request) reply {
	token := base64.StdEncoding.EncodeToString([]byte("AWS:" + Password))
	return ok(map[string]any{"authorizationData": []any{map[string]any{
		"authorizationToken": token, "proxyEndpoint": "https://" + Account + ".dkr.ecr.ap-southeast-2.amazonaws.com",
	}}})
}

func (c *Cloud) getSecretValue(r request) reply {
	secret := c.secret(r)
	text, exists := c.Secrets[secret]
	if !exists || text == "" {
		return failure(http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
	}
	return ok(map[string]any{"ARN": secret, "VersionId": c.presentVersion(secret), "SecretString": text, "VersionStages": []any{"AWSCURRENT"}})
}

func (c *Cloud) describeAlarms(r request) reply {
	wanted, prefix := r.texts("AlarmNames"), r.text("AlarmNamePrefix")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(c.Alarms)) {
		if (len(wanted) == 0 || slices.Contains(wanted, name)) && strings.HasPrefix(name, prefix) && name >= r.text("NextToken") {
			names = append(names, name)
		}
	}
	described := map[string]any{}
	size := 50 // as AWS has it by default
	if most, given := r.body["MaxRecords"].(float64); given {
		size = int(most)
	}
	if len(names) > size {
		described["NextToken"] = names[size]
		names = names[:size]
	}
	var metric, composites, logs []any
	for _, name := range names {
		alarm := c.alarmJSON(name)
		if _, composite := alarm["AlarmRule"]; composite {
			composites = append(composites, alarm)
			continue
		}
		if _, log := alarm["ScheduledQueryConfiguration"]; log {
			logs = append(logs, alarm)
			continue
		}
		metric = append(metric, alarm)
	}
	// Alarms of other types are described to those who ask for them.
	if types := r.texts("AlarmTypes"); len(types) == 0 || slices.Contains(types, "MetricAlarm") {
		described["MetricAlarms"] = metric
	}
	if slices.Contains(r.texts("AlarmTypes"), "CompositeAlarm") {
		described["CompositeAlarms"] = composites
	}
	if slices.Contains(r.texts("AlarmTypes"), "LogAlarm") {
		described["LogAlarms"] = logs
	}
	if c.EndlessPages {
		described["NextToken"] = fmt.Sprint("page ", c.next())
	}
	return ok(described)
}

func (c *Cloud) getLogEvents(r request) reply {
	lines, exists := c.Logs[r.text("logStreamName")]
	if !exists {
		return failure(http.StatusBadRequest, "ResourceNotFoundException", "The specified log stream does not exist.")
	}
	from := 0
	if token := r.text("nextToken"); token != "" {
		_, _ = fmt.Sscanf(token, "f/%d", &from)
	}
	var events []any
	for _, line := range lines[min(from, len(lines)):] {
		events = append(events, map[string]any{"timestamp": c.Clock.Now().UnixMilli(), "message": line})
	}
	return ok(map[string]any{"events": events, "nextForwardToken": fmt.Sprintf("f/%d", len(lines))})
}

func (c *Cloud) describeTargetHealth(r request) reply {
	var members strings.Builder
	members.WriteString(c.healthyTargets(r.form.Get("TargetGroupArn")))
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		service := c.Services[name]
		if service.TargetGroup != r.form.Get("TargetGroupArn") {
			continue
		}
		for _, target := range service.Unhealthy {
			fmt.Fprintf(&members, "<member><Target><Id>%s</Id><Port>8000</Port></Target><TargetHealth><State>unhealthy</State>"+
				"<Reason>Target.ResponseCodeMismatch</Reason><Description>Health checks failed with these codes: [503]</Description></TargetHealth></member>", target)
		}
	}
	return ok(`<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeTargetHealthResult>` +
		`<TargetHealthDescriptions>` + members.String() + `</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>`)
}

func (c *Cloud) getObject(r request) reply {
	object, exists := c.Objects[objectKey(r)]
	if !exists {
		return failure(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	modified := object.Modified
	if modified.IsZero() {
		modified = beginning
	}
	// Whoever reads it compares these two. A refusal has no Date: the SDK would blame the
	// caller's clock for it.
	return reply{status: http.StatusOK, body: object.Body, header: map[string]string{
		"ETag": object.ETag, "Last-Modified": modified.UTC().Format(http.TimeFormat), "Date": c.Clock.Now().UTC().Format(http.TimeFormat),
	}}
}

func (c *Cloud) putObject(r request) reply {
	key := objectKey(r)
	present, exists := c.Objects[key]
	match := r.http.Header.Get("If-Match")
	switch {
	case exists && r.http.Header.Get("If-None-Match") == "*", exists && match != "" && match != present.ETag:
		return preconditionFailed()
	case !exists && match != "":
		return failure(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	// As with encryption by a customer key, the same text has another tag each time.
	object := Object{
		Body: string(r.raw), ETag: `"` + Digest(fmt.Sprint(string(r.raw), c.next()))[7:39] + `"`, Modified: c.Clock.Now(),
	}
	c.Objects[key] = object
	return reply{status: http.StatusOK, header: map[string]string{"ETag": object.ETag}, body: ""}
}

func preconditionFailed() reply {
	return failure(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

func (c *Cloud) deleteObject(r request) reply {
	key := objectKey(r)
	if etag := r.http.Header.Get("If-Match"); etag != "" && c.Objects[key].ETag != etag {
		return preconditionFailed()
	}
	delete(c.Objects, key)
	return reply{status: http.StatusNoContent, body: ""}
}

func (c *Cloud) listObjects(r request) reply {
	query := r.http.URL.Query()
	most := 1000
	_, _ = fmt.Sscanf(query.Get("max-keys"), "%d", &most)
	bucket := strings.Trim(r.http.URL.Path, "/")
	var contents strings.Builder
	n, last, truncated := 0, "", ""
	for _, key := range slices.Sorted(maps.Keys(c.Objects)) {
		name, found := strings.CutPrefix(key, bucket+"/")
		if !found || !strings.HasPrefix(name, query.Get("prefix")) || name <= query.Get("continuation-token") {
			continue
		}
		if n == most {
			truncated = "<IsTruncated>true</IsTruncated><NextContinuationToken>" + escape(last) + "</NextContinuationToken>"
			break
		}
		n++
		last = name
		fmt.Fprintf(&contents, "<Contents><Key>%s</Key><Size>%d</Size></Contents>", escape(name), len(c.Objects[key].Body))
	}
	return ok(`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>` + bucket + `</Name>` + truncated + contents.String() + `</ListBucketResult>`)
}

func objectKey(r request) string { return strings.TrimPrefix(r.http.URL.Path, "/") }

// clone returns a deep copy of a JSON value.
func clone[T any](value T) T {
	text, _ := json.Marshal(value)
	var copied T
	_ = json.Unmarshal(text, &copied)
	return copied
}
