package policy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

// A route is a call of a service whose protocol has methods and paths: what is in braces
// in the path is a parameter, as is every field of a JSON body. No condition asks for
// what the bodies of Route 53 say, which are XML.
type route struct{ service, method, path, action string }

var routes = []route{
	{"lambda", http.MethodGet, "/2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration"},
	{"lambda", http.MethodGet, "/2015-03-31/functions/{FunctionName}/policy", "GetPolicy"},
	{"guardduty", http.MethodPost, "/detector", "CreateDetector"},
	{"guardduty", http.MethodGet, "/detector", "ListDetectors"},
	{"guardduty", http.MethodGet, "/detector/{DetectorId}", "GetDetector"},
	{"guardduty", http.MethodPost, "/detector/{DetectorId}", "UpdateDetector"},
	{"guardduty", http.MethodDelete, "/detector/{DetectorId}", "DeleteDetector"},
	{"guardduty", http.MethodPost, "/tags/{ResourceArn}", "TagResource"},
	{"guardduty", http.MethodDelete, "/tags/{ResourceArn}", "UntagResource"},
	{"route53", http.MethodPost, "/2013-04-01/healthcheck", "CreateHealthCheck"},
	{"route53", http.MethodGet, "/2013-04-01/healthcheck/{HealthCheckId}", "GetHealthCheck"},
	{"route53", http.MethodPost, "/2013-04-01/healthcheck/{HealthCheckId}", "UpdateHealthCheck"},
	{"route53", http.MethodDelete, "/2013-04-01/healthcheck/{HealthCheckId}", "DeleteHealthCheck"},
	{"route53", http.MethodGet, "/2013-04-01/tags/{ResourceType}/{ResourceId}", "ListTagsForResource"},
	{"route53", http.MethodPost, "/2013-04-01/tags/{ResourceType}/{ResourceId}", "ChangeTagsForResource"},
	{"synthetics", http.MethodPost, "/canary", "CreateCanary"},
	{"synthetics", http.MethodGet, "/canary/{Name}", "GetCanary"},
	{"synthetics", http.MethodPatch, "/canary/{Name}", "UpdateCanary"},
	{"synthetics", http.MethodDelete, "/canary/{Name}", "DeleteCanary"},
	{"synthetics", http.MethodPost, "/canary/{Name}/start", "StartCanary"},
	{"synthetics", http.MethodPost, "/canary/{Name}/stop", "StopCanary"},
	{"synthetics", http.MethodPost, "/tags/{ResourceArn}", "TagResource"},
	{"synthetics", http.MethodDelete, "/tags/{ResourceArn}", "UntagResource"},
}

var inBraces = regexp.MustCompile(`\\\{(\w+)\\\}`)

// match returns the parameters of a call on this route.
func (r route) match(service, method, path string) (map[string]any, bool) {
	if r.service != service || r.method != method {
		return nil, false
	}
	pattern := regexp.MustCompile("^" + inBraces.ReplaceAllString(regexp.QuoteMeta(r.path), "(?P<$1>[^/]+)") + "$")
	m := pattern.FindStringSubmatch(path)
	if m == nil {
		return nil, false
	}
	parameters := map[string]any{}
	for i, name := range pattern.SubexpNames() {
		if name != "" {
			value, err := url.PathUnescape(m[i])
			if err != nil {
				return nil, false
			}
			parameters[name] = value
		}
	}
	return parameters, true
}

// routedCall reads a call by its method and path.
func routedCall(service string, r *http.Request, body []byte) (call, bool) {
	for _, route := range routes {
		parameters, ok := route.match(service, r.Method, r.URL.EscapedPath())
		if !ok {
			continue
		}
		fields := map[string]any{}
		if len(body) > 0 && service != "route53" && json.Unmarshal(body, &fields) != nil {
			return call{}, false
		}
		for name, value := range fields {
			parameters[name] = value
		}
		return call{action: route.service + ":" + route.action, parameters: parameters}, true
	}
	return call{}, false
}

// bucketActions are the permissions for calls about a bucket: by what the query asks
// for, to read and to change it. "" is the bucket itself. Deleting a setting is a change
// of it, unless a permission of its own is named.
var bucketActions = map[string]struct{ read, write, remove string }{
	"":                  {"s3:ListBucket", "s3:CreateBucket", "s3:DeleteBucket"},
	"accelerate":        {read: "s3:GetAccelerateConfiguration"},
	"acl":               {read: "s3:GetBucketAcl"},
	"cors":              {read: "s3:GetBucketCORS"},
	"encryption":        {read: "s3:GetEncryptionConfiguration", write: "s3:PutEncryptionConfiguration"},
	"lifecycle":         {read: "s3:GetLifecycleConfiguration", write: "s3:PutLifecycleConfiguration"},
	"location":          {read: "s3:GetBucketLocation"},
	"logging":           {read: "s3:GetBucketLogging"},
	"object-lock":       {read: "s3:GetBucketObjectLockConfiguration"},
	"policy":            {"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"},
	"publicAccessBlock": {read: "s3:GetBucketPublicAccessBlock", write: "s3:PutBucketPublicAccessBlock"},
	"replication":       {read: "s3:GetReplicationConfiguration"},
	"requestPayment":    {read: "s3:GetBucketRequestPayment"},
	"tagging":           {read: "s3:GetBucketTagging", write: "s3:PutBucketTagging"},
	"versioning":        {read: "s3:GetBucketVersioning", write: "s3:PutBucketVersioning"},
	"website":           {read: "s3:GetBucketWebsite"},
}

// ofList are parameters of a query that say nothing about the permission.
var ofList = []string{"list-type", "prefix", "max-keys", "x-id", "delimiter", "encoding-type", "continuation-token", "start-after"}

// s3Action returns the permission for a call to S3, or "".
func s3Action(r *http.Request, isObject bool) string {
	setting := ""
	for name := range r.URL.Query() {
		switch {
		case slices.Contains(ofList, name):
		case setting != "" || isObject: // "?versionId" needs other permissions
			return ""
		default:
			setting = name
		}
	}
	if isObject {
		return objectActions[r.Method]
	}
	row := bucketActions[setting]
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return row.read
	case http.MethodPut:
		return row.write
	case http.MethodDelete:
		if row.remove != "" {
			return row.remove
		}
		return row.write
	}
	return ""
}

// objectActions are the permissions for calls about an object, by method.
var objectActions = map[string]string{
	http.MethodGet: "s3:GetObject", http.MethodHead: "s3:GetObject", http.MethodPut: "s3:PutObject", http.MethodDelete: "s3:DeleteObject",
}
