package instance

import (
	"strings"
	"testing"
)

func TestDatabase(t *testing.T) {
	for class, want := range map[string]Size{
		"db.t3.micro":      {2, 1 * GiB, 12, 0},
		"db.t3.small":      {2, 2 * GiB, 24, 0},
		"db.t4g.2xlarge":   {8, 32 * GiB, 192, 0},
		"db.t2.micro":      {1, 1 * GiB, 6, 0},
		"db.m5.24xlarge":   {96, 384 * GiB, 0, 0},
		"db.m6g.large":     {2, 8 * GiB, 0, 0},
		"db.r6g.12xlarge":  {48, 384 * GiB, 0, 0},
		"db.r6i.32xlarge":  {128, 1024 * GiB, 0, 0},
		"db.r7g.4xlarge":   {16, 128 * GiB, 0, 0},
		"db.m7g.16xlarge":  {64, 256 * GiB, 0, 0},
		"db.t3.medium":     {2, 4 * GiB, 24, 0},
		"db.t4g.large":     {2, 8 * GiB, 36, 0},
		"db.r5.xlarge":     {4, 32 * GiB, 0, 0},
		"db.m6i.8xlarge":   {32, 128 * GiB, 0, 0},
		"db.r6gd.16xlarge": {64, 512 * GiB, 0, 0},
		// One of each ratio of memory and of each size that does not double.
		"db.m4.10xlarge":    {40, 160 * GiB, 0, 0},
		"db.m3.medium":      {1, 3.75 * GiB, 0, 0},
		"db.r4.large":       {2, 15.25 * GiB, 0, 0},
		"db.r5b.24xlarge":   {96, 768 * GiB, 0, 0},
		"db.m6idn.32xlarge": {128, 512 * GiB, 0, 0},
		"db.x1.32xlarge":    {128, 1952 * GiB, 0, 0},
		"db.x1e.4xlarge":    {16, 488 * GiB, 0, 0},
		"db.x2g.large":      {2, 32 * GiB, 0, 0},
		"db.x2iedn.xlarge":  {4, 128 * GiB, 0, 0},
		"db.x2iezn.6xlarge": {24, 768 * GiB, 0, 0},
		"db.z1d.3xlarge":    {12, 96 * GiB, 0, 0},
		"db.c6gd.medium":    {1, 2 * GiB, 0, 0},
	} {
		if got, err := Database(class); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", class, got, err, want)
		}
	}
}

func TestCache(t *testing.T) {
	for nodeType, want := range map[string]Size{
		"cache.t3.micro":    {2, 0.5 * GiB, 12, 20_000},
		"cache.t3.small":    {2, 1471026299, 24, 46_000},
		"cache.t3.medium":   {2, 3317862236, 24, 46_000},
		"cache.t4g.micro":   {2, 0.5 * GiB, 12, 20_000},
		"cache.t4g.medium":  {2, 3317862236, 24, 65_000},
		"cache.t2.small":    {1, 1664299827, 12, 20_000},
		"cache.t2.medium":   {2, 3457448673, 24, 20_000},
		"cache.r6g.large":   {2, 14033805640, 0, 65_000},
		"cache.m5.xlarge":   {4, 13883481784, 0, 65_000},
		"cache.m4.10xlarge": {40, 166043435663, 0, 65_000},
		"cache.r4.xlarge":   {4, 26897232691, 0, 65_000},
		"cache.r6gd.xlarge": {4, 28260884808, 0, 65_000},
		"cache.c7gn.large":  {2, 3317862236, 0, 65_000},
	} {
		if got, err := Cache(nodeType); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", nodeType, got, err, want)
		}
	}
}

// Every class has a size: a typing mistake in the table would make one of nothing.
func TestEverySizeIsComplete(t *testing.T) {
	for prefix, table := range map[string]map[string]map[string]Size{"db": databases, "cache": caches} {
		for family, sizes := range table {
			for size, s := range sizes {
				if s.VCPUs == 0 || s.Memory == 0 || s.Bursts() != strings.HasPrefix(family, "t") {
					t.Errorf("%s.%s.%s is %+v", prefix, family, size, s)
				}
			}
		}
	}
}

func TestUnknownClassesNameNearOnes(t *testing.T) {
	for class, want := range map[string]string{
		"db.t3.mirco":   "one of db.t3.micro, db.t3.small, db.t3.medium, db.t3.large, db.t3.xlarge, db.t3.2xlarge",
		"db.t5.micro":   "one of db.t2.micro, db.t3.micro, db.t4g.micro",
		"t3.micro":      "one of db.t3.micro, db.t3.small, db.t3.medium, db.t3.large, db.t3.xlarge, db.t3.2xlarge",
		"db.m6g.medium": "one of db.m6g.large, db.m6g.xlarge",
		"large":         "one of db.c6gd.large, db.m3.large, db.m4.large, db.m5.large, db.m5d.large, db.m6g.large, db.m6gd.large, db.m6i.large, db.m6id.large, db.m6idn.large, db.m6in.large, db.m7g.large, 28 more; leave it out",
	} {
		if _, err := Database(class); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", class, err, want)
		}
	}
	if _, err := Cache("cache.t3.large"); err == nil || err.Error() != "one of cache.t3.micro, cache.t3.small, cache.t3.medium; leave it out for a class that is not there: alarms that depend on its size are not made then" {
		t.Errorf("%v", err)
	}
	if _, err := Cache("db.t3.small"); err == nil {
		t.Error("a class of RDS is no node type of ElastiCache")
	}
}

// The numbers that AWS's documentation and people's instances show.
func TestMaxConnections(t *testing.T) {
	for _, test := range []struct {
		class, engine string
		low, high     float64
	}{
		{"db.t3.micro", "postgres", 75, 87},
		{"db.t3.small", "postgres", 180, 200},
		{"db.r5.24xlarge", "postgres", 5000, 5000},
		{"db.t3.micro", "mysql", 55, 66},
		{"db.r6g.large", "aurora-mysql", 1000, 1100},
		{"db.t3.medium", "aurora-mysql", 90, 110},
		{"db.r6g.large", "aurora-postgresql", 1600, 1800},
		{"db.r6g.large", "oracle-ee", 0, 0},
	} {
		size, err := Database(test.class)
		if got := size.MaxConnections(test.engine); err != nil || got < test.low || got > test.high {
			t.Errorf("%s, %s: %v, %v, want %v to %v", test.class, test.engine, got, err, test.low, test.high)
		}
	}
}
