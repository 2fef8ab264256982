// Package ledger keeps who changes an environment, and what was done to it: the lock and the
// records in the state bucket.
package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/ohmycoins/infra/internal/omc/awsapi"
)

// Store keeps the lock and the records of an environment in its state bucket.
type Store struct {
	Objects *s3.Client
	Bucket  string
	Folder  string
	// Warn is told what is there and does not belong there.
	Warn func(string)
}

// NoObject is the ETag of an object that does not exist.
const NoObject = ""

func (s Store) lockKey() string { return s.Folder + "/lock.json" }

// foreign is the error of an object that is not what omc writes there.
type foreign struct{ reason string }

func (f foreign) Error() string { return "it is not what omc writes there: " + f.reason }

// object is what is known about an object other than its content.
type object struct {
	// etag is noObject when there is none.
	etag string
	// age is how long ago it was written, by the one clock of S3.
	age time.Duration
}

// get reads an object. It fails with [foreign], and says everything else, when the
// content does not fit.
func (s Store) get(ctx context.Context, key string, into any) (object, error) {
	out, err := s.Objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: &key})
	if statusOf(err) == http.StatusNotFound && !awsapi.IsCode(err, "NoSuchBucket") {
		return object{}, nil
	}
	if err != nil {
		return object{}, fmt.Errorf("reading s3://%s/%s: %w", s.Bucket, key, err)
	}
	defer out.Body.Close()
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(out.Body, most))
	if err != nil {
		return object{}, fmt.Errorf("reading s3://%s/%s: %w", s.Bucket, key, err)
	}
	found := object{etag: aws.ToString(out.ETag)}
	if now, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok && out.LastModified != nil {
		found.age = now.Sub(*out.LastModified)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return found, fmt.Errorf("reading s3://%s/%s: %w", s.Bucket, key, foreign{err.Error()})
	}
	return found, nil
}

// put writes an object and returns its ETag. The condition may be nil.
func (s Store) put(ctx context.Context, key string, value any, condition func(*s3.PutObjectInput)) (etag string, err error) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing s3://%s/%s: %w", s.Bucket, key, err)
	}
	input := &s3.PutObjectInput{
		Bucket:      &s.Bucket,
		Key:         &key,
		Body:        bytes.NewReader(append(text, '\n')),
		ContentType: aws.String("application/json"),
	}
	if condition != nil {
		condition(input)
	}
	out, err := s.Objects.PutObject(ctx, input)
	if err != nil {
		return "", fmt.Errorf("writing s3://%s/%s: %w", s.Bucket, key, err)
	}
	return aws.ToString(out.ETag), nil
}

// ifAbsent is the condition that there is no object.
func ifAbsent(input *s3.PutObjectInput) { input.IfNoneMatch = aws.String("*") }

// ifStill is the condition that the object has still that ETag.
func ifStill(etag string) func(*s3.PutObjectInput) {
	return func(input *s3.PutObjectInput) { input.IfMatch = &etag }
}

// unmatched reports whether S3 refused a call because of its condition.
func unmatched(err error) bool {
	switch statusOf(err) {
	case http.StatusPreconditionFailed, http.StatusConflict, http.StatusNotFound:
		return true
	}
	return false
}

// Holder returns the lock that somebody holds, if anybody does. A lock file that is no
// lock is somebody's, too.
func (s Store) Holder(ctx context.Context) (lock Lock, found bool, err error) {
	object, err := s.get(ctx, s.lockKey(), &lock)
	if f := (foreign{}); errors.As(err, &f) {
		lock, err = Lock{foreign: f.reason}, nil
	} else if lock.ID == "" && object.etag != NoObject {
		lock = Lock{foreign: "it has no id"}
	}
	lock.object = object
	return lock, object.etag != NoObject, err
}

// Acquire takes the lock, or fails with [held]. It returns the ETag of the lock file.
func (s Store) Acquire(ctx context.Context, lock Lock, now time.Time) (etag string, err error) {
	const attempts = 3
	for range attempts {
		etag, err = s.put(ctx, s.lockKey(), lock, ifAbsent)
		if status := statusOf(err); status != http.StatusPreconditionFailed && status != http.StatusConflict {
			return etag, err
		}
		other, found, readErr := s.Holder(ctx)
		switch {
		case readErr != nil:
			return "", errors.Join(err, readErr)
		case found && other.ID == lock.ID: // the answer to our first attempt was lost
			return other.object.etag, nil
		case found:
			return "", Held{Lock: other, Now: now}
		}
		// Somebody gave it back a moment ago.
	}
	return "", err
}

// Verify fails with [lockLost] unless lock is still held.
func (s Store) Verify(ctx context.Context, lock Lock) error {
	_, err := s.verified(ctx, lock)
	return err
}

// verified is verify, and returns the ETag of the lock file.
func (s Store) verified(ctx context.Context, lock Lock) (etag string, err error) {
	other, found, err := s.Holder(ctx)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", Lost{"taken away"}
	case other.foreign != "":
		return "", Lost{"replaced by something that is no lock"}
	case other.ID != lock.ID:
		return "", Lost{"taken by " + other.Owner + " on " + other.Host}
	}
	return other.object.etag, nil
}

// Renew writes the lock again, as a sign of life. It fails with [lockLost] when it is
// not ours any more.
func (s Store) Renew(ctx context.Context, lock Lock, etag string) (string, error) {
	next, err := s.put(ctx, s.lockKey(), lock, ifStill(etag))
	if unmatched(err) { // also when the answer to the attempt before was lost
		return s.verified(ctx, lock)
	}
	return next, err
}

// Release removes a lock that was read before, or taken. It reports whether it did: a
// lock that is gone, or another one, is left alone.
func (s Store) Release(ctx context.Context, lock Lock) (removed bool, err error) {
	const attempts = 5 // a holder that lives writes it again now and then
	key := s.lockKey()
	tried := false
	for range attempts {
		present, found, readErr := s.Holder(ctx)
		switch {
		case readErr != nil:
			return false, readErr
		case !found: // perhaps the answer to an attempt was lost
			return tried, nil
		case present.ID != lock.ID, lock.ID == "" && present.object.etag != lock.object.etag:
			return false, nil
		}
		tried = true
		_, err = s.Objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &key, IfMatch: &present.object.etag})
		if err == nil || statusOf(err) == http.StatusNotFound {
			return true, nil
		}
		if !unmatched(err) {
			break
		}
	}
	return false, fmt.Errorf("removing s3://%s/%s: %w", s.Bucket, key, err)
}

// Save writes a record.
func (s Store) Save(ctx context.Context, r *Record) error {
	_, err := s.put(ctx, s.Folder+"/records/"+recordKey(r), r, nil)
	return err
}

const (
	// listPage is how many objects are listed in a call, listPages bounds the calls.
	listPage  = 200
	listPages = 20
)

// Records returns the newest records, newest first. What else is there is left out, with
// a warning.
func (s Store) Records(ctx context.Context, most int) ([]Record, error) {
	prefix := s.Folder + "/records/"
	list := s3.NewListObjectsV2Paginator(s.Objects, &s3.ListObjectsV2Input{Bucket: &s.Bucket, Prefix: &prefix, MaxKeys: aws.Int32(listPage)})
	var records []Record
	var others []string
	for page := 0; page < listPages && list.HasMorePages() && len(records) < most; page++ {
		listed, err := list.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing s3://%s/%s: %w", s.Bucket, prefix, err)
		}
		for keys := listed.Contents; len(keys) > 0 && len(records) < most; {
			n := min(most-len(records), len(keys))
			read, foreign, err := s.read(ctx, keys[:n])
			if err != nil {
				return nil, err
			}
			records, others, keys = append(records, read...), append(others, foreign...), keys[n:]
		}
	}
	if len(others) > 0 {
		s.Warn(fmt.Sprintf("%d objects below s3://%s/%s are no records of omc, and are left out: %s", len(others), s.Bucket, prefix, few(others)))
	}
	return records, nil
}

// few names the first of a list.
func few(names []string) string {
	const most = 3
	if len(names) > most {
		names = append(slices.Clone(names[:most]), "…")
	}
	return strings.Join(names, ", ")
}

// read returns the records among objects, in the same order, and the names of the others.
func (s Store) read(ctx context.Context, objects []s3types.Object) (records []Record, others []string, err error) {
	const readers = 8
	slots := make(chan struct{}, readers)
	read, present := make([]Record, len(objects)), make([]bool, len(objects))
	err = awsapi.Each(awsapi.Indexes(len(objects)), func(i int) error {
		slots <- struct{}{}
		defer func() { <-slots }()
		found, err := s.get(ctx, aws.ToString(objects[i].Key), &read[i])
		if present[i] = found.etag != NoObject; errors.As(err, &foreign{}) {
			read[i] = Record{}
			return nil
		}
		return err
	})
	for i, record := range read {
		key := aws.ToString(objects[i].Key)
		switch {
		case !present[i]:
		case key == s.Folder+"/records/"+recordKey(&record):
			records = append(records, record)
		default:
			others = append(others, key)
		}
	}
	return records, others, err
}

// statusOf returns the HTTP status of an AWS error, or 0.
func statusOf(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}
