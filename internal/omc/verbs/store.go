package verbs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// store keeps the lock and the records of an environment in its state bucket.
type store struct {
	objects *s3.Client
	bucket  string
	folder  string
}

func (a *App) store() store {
	return store{objects: a.aws.objects, bucket: a.env.State.Bucket, folder: a.env.Deployment.Folder}
}

const noObject = ""

func (s store) lockKey() string { return s.folder + "/lock.json" }

// get reads an object. It returns its ETag, noObject when there is none.
func (s store) get(ctx context.Context, key string, into any) (etag string, err error) {
	out, err := s.objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key})
	if statusOf(err) == http.StatusNotFound && !isCode(err, "NoSuchBucket") {
		return noObject, nil
	}
	if err != nil {
		return "", fmt.Errorf("reading s3://%s/%s: %w", s.bucket, key, err)
	}
	defer out.Body.Close()
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(out.Body, most))
	if err != nil {
		return "", fmt.Errorf("reading s3://%s/%s: %w", s.bucket, key, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return "", fmt.Errorf("reading s3://%s/%s: it is not what omc writes there: %w", s.bucket, key, err)
	}
	return aws.ToString(out.ETag), nil
}

// put writes an object; only when there is none, if absent is set.
func (s store) put(ctx context.Context, key string, value any, absent bool) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("writing s3://%s/%s: %w", s.bucket, key, err)
	}
	input := &s3.PutObjectInput{
		Bucket:      &s.bucket,
		Key:         &key,
		Body:        bytes.NewReader(append(text, '\n')),
		ContentType: aws.String("application/json"),
	}
	if absent {
		input.IfNoneMatch = aws.String("*")
	}
	if _, err := s.objects.PutObject(ctx, input); err != nil {
		return fmt.Errorf("writing s3://%s/%s: %w", s.bucket, key, err)
	}
	return nil
}

// holder returns the lock that somebody holds, if anybody does.
func (s store) holder(ctx context.Context) (lock Lock, found bool, err error) {
	etag, err := s.get(ctx, s.lockKey(), &lock)
	return lock, etag != noObject, err
}

// acquire takes the lock, or fails with [held].
func (s store) acquire(ctx context.Context, lock Lock, now time.Time) error {
	const attempts = 3
	var err error
	for range attempts {
		err = s.put(ctx, s.lockKey(), lock, true)
		if status := statusOf(err); status != http.StatusPreconditionFailed && status != http.StatusConflict {
			return err
		}
		other, found, readErr := s.holder(ctx)
		switch {
		case readErr != nil:
			return errors.Join(err, readErr)
		case found && other.ID == lock.ID: // the answer to our first attempt was lost
			return nil
		case found:
			return held{lock: other, now: now}
		}
		// Somebody gave it back a moment ago.
	}
	return err
}

// verify fails with [lockLost] unless lock is still held.
func (s store) verify(ctx context.Context, lock Lock) error {
	other, found, err := s.holder(ctx)
	switch {
	case err != nil:
		return err
	case !found:
		return lockLost{"taken away"}
	case other.ID != lock.ID:
		return lockLost{"taken by " + other.Owner + " on " + other.Host}
	}
	return nil
}

// release gives the lock with that id back. It is no error when it is gone.
func (s store) release(ctx context.Context, id string) error {
	var lock Lock
	etag, err := s.get(ctx, s.lockKey(), &lock)
	if err != nil || etag == noObject || lock.ID != id {
		return err
	}
	key := s.lockKey()
	_, err = s.objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &key, IfMatch: &etag})
	if status := statusOf(err); err != nil && status != http.StatusPreconditionFailed && status != http.StatusNotFound {
		return fmt.Errorf("removing s3://%s/%s: %w", s.bucket, key, err)
	}
	return nil
}

// save writes a record.
func (s store) save(ctx context.Context, r *Record) error {
	return s.put(ctx, s.folder+"/records/"+recordKey(r), r, false)
}

// records returns the newest records, newest first.
func (s store) records(ctx context.Context, most int) ([]Record, error) {
	prefix := s.folder + "/records/"
	list, err := s.objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &s.bucket, Prefix: &prefix, MaxKeys: aws.Int32(int32(most)),
	})
	if err != nil {
		return nil, fmt.Errorf("listing s3://%s/%s: %w", s.bucket, prefix, err)
	}
	records, errs := make([]Record, len(list.Contents)), make([]error, len(list.Contents))
	var group sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i, object := range list.Contents {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			_, errs[i] = s.get(ctx, aws.ToString(object.Key), &records[i])
		})
	}
	group.Wait()
	return records, errors.Join(errs...)
}

// statusOf returns the HTTP status of an AWS error, or 0.
func statusOf(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}
