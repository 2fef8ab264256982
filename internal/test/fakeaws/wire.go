package fakeaws

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A request is a call as it came over the wire.
type request struct {
	op string
	// protocol is "json", "query" or "s3".
	protocol string
	body     map[string]any // json
	form     url.Values     // query
	http     *http.Request
	raw      []byte
	// stale and missing are how ECS describes what it does not know yet.
	stale, missing bool
}

func (c *Cloud) parse(r *http.Request, body []byte) request {
	req := request{http: r, raw: body}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		req.protocol = "json"
		req.op = target[strings.LastIndex(target, ".")+1:]
		_ = json.Unmarshal(body, &req.body)
		return req
	}
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		req.protocol = "query"
		req.form, _ = url.ParseQuery(string(body))
		req.op = req.form.Get("Action")
		return req
	}
	req.protocol = "s3"
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Has("list-type"):
		req.op = "ListObjects"
	case r.Method == http.MethodGet:
		req.op = "GetObject"
	case r.Method == http.MethodPut:
		req.op = "PutObject"
	case r.Method == http.MethodDelete:
		req.op = "DeleteObject"
	default:
		req.op = r.Method + " " + r.URL.Path
	}
	return req
}

// text returns a string of a JSON request.
func (r request) text(key string) string {
	s, _ := r.body[key].(string)
	return s
}

// texts returns a list of strings of a JSON request.
func (r request) texts(key string) []string {
	var list []string
	items, _ := r.body[key].([]any)
	for _, item := range items {
		if s, ok := item.(string); ok {
			list = append(list, s)
		}
	}
	return list
}

// A reply is what a call is answered.
type reply struct {
	status int
	header map[string]string
	body   any // JSON value, or XML text
	code   string
	msg    string
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

func failure(status int, code, message string) reply {
	return reply{status: status, code: code, msg: message}
}

func (p reply) write(w http.ResponseWriter, r request) {
	for key, value := range p.header {
		w.Header().Set(key, value)
	}
	w.Header().Set("X-Amzn-Requestid", "00000000-0000-0000-0000-000000000000")
	var body []byte
	switch {
	case p.code != "" && r.protocol == "json":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		body, _ = json.Marshal(map[string]any{"__type": p.code, "message": p.msg})
	case p.code != "" && r.protocol == "query":
		w.Header().Set("Content-Type", "text/xml")
		body = fmt.Appendf(nil, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", p.code, escape(p.msg))
	case p.code != "":
		w.Header().Set("Content-Type", "application/xml")
		code := strings.TrimSuffix(strings.ReplaceAll(p.code, "ExpiredTokenException", "ExpiredToken"), "Exception")
		body = fmt.Appendf(nil, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, escape(p.msg))
	case r.protocol == "json":
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		body, _ = json.Marshal(p.body)
	default:
		w.Header().Set("Content-Type", "text/xml")
		text, _ := p.body.(string)
		body = []byte(text)
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(body)
}

func escape(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text))
	return out.String()
}
