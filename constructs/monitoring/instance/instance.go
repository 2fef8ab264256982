// Package instance knows the sizes of instance classes of RDS and ElastiCache, for
// thresholds that depend on them. It is plain Go.
package instance

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// GiB is 2^30 bytes.
const GiB = 1 << 30

// Size is what an instance class has.
type Size struct {
	// VCPUs is the number of virtual CPUs.
	VCPUs float64
	// Memory is in bytes. For a class of ElastiCache it is what a node has for data
	// and the engine, which is less than that of the machine.
	Memory float64
	// CreditsPerHour is how many CPU credits a class that bursts earns in an hour; 0 for
	// the others. It saves those of 24 hours at most.
	CreditsPerHour float64
	// Connections is how many clients a node of ElastiCache takes; 0 for a class of RDS,
	// whose [Size.MaxConnections] depend on the engine.
	Connections float64
}

// Bursts reports whether the class lives on CPU credits.
func (s Size) Bursts() bool { return s.CreditsPerHour > 0 }

// MaxCredits is how many CPU credits the class can save.
func (s Size) MaxCredits() float64 { return 24 * s.CreditsPerHour }

// family is a family of classes, whose memory grows with its vCPUs.
type family struct {
	gibPerVCPU float64
	sizes      string // those below large of families that burst stand apart
}

// Sources: RDS user guide, "Hardware specifications for DB instance classes", and EC2
// user guide, "CPU credits and baseline utilization for burstable performance
// instances". Left out are metal, and classes of Oracle with more memory. For m8g and
// m8gd from 12xlarge to 24xlarge RDS's page has more than the 4 GiB for each vCPU that
// EC2 gives them: the smaller number warns earlier.
var (
	large      = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
	upTo24     = large + " 24xlarge"
	upTo32     = upTo24 + " 32xlarge"
	upTo48     = upTo24 + " 48xlarge"
	dbFamilies = map[string]family{
		"t2": {4, "large xlarge 2xlarge"},
		"t3": {4, "large xlarge 2xlarge"}, "t4g": {4, "large xlarge 2xlarge"},
		"m3": {3.75, "medium large xlarge 2xlarge"}, "m4": {4, "large xlarge 2xlarge 4xlarge 10xlarge 16xlarge"},
		"m5": {4, upTo24}, "m5d": {4, upTo24},
		"m6g": {4, large}, "m6gd": {4, large}, "m6i": {4, upTo32}, "m6id": {4, upTo32}, "m6idn": {4, upTo32}, "m6in": {4, upTo32},
		"m7g": {4, large}, "m7i": {4, upTo48}, "m8g": {4, upTo48}, "m8gd": {4, upTo48},
		"r3": {7.625, "large xlarge 2xlarge 4xlarge 8xlarge"}, "r4": {7.625, "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge"},
		"r5": {8, upTo24}, "r5b": {8, upTo24}, "r5d": {8, upTo24},
		"r6g": {8, large}, "r6gd": {8, large}, "r6i": {8, upTo32}, "r6id": {8, upTo32}, "r6idn": {8, upTo32}, "r6in": {8, upTo32},
		"r7g": {8, large}, "r7i": {8, upTo48}, "r8g": {8, upTo48}, "r8gd": {8, upTo48},
		"x1": {15.25, "16xlarge 32xlarge"}, "x1e": {30.5, "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 32xlarge"},
		"x2g": {16, large}, "x2idn": {16, "16xlarge 24xlarge 32xlarge"},
		"x2iedn": {32, "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 24xlarge 32xlarge"}, "x2iezn": {32, "2xlarge 4xlarge 6xlarge 8xlarge 12xlarge"},
		"z1d": {8, "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge"}, "c6gd": {2, "medium " + large},
	}
	vCPUs = map[string]float64{
		"medium": 1, "large": 2, "xlarge": 4, "2xlarge": 8, "3xlarge": 12, "4xlarge": 16, "6xlarge": 24, "8xlarge": 32,
		"10xlarge": 40, "12xlarge": 48, "16xlarge": 64,
		"24xlarge": 96, "32xlarge": 128, "48xlarge": 192,
	}
	// Classes below large, of all families of T but t2, whose have one vCPU, too.
	small = map[string]Size{
		"micro":  {VCPUs: 2, Memory: 1 * GiB, CreditsPerHour: 12},
		"small":  {VCPUs: 2, Memory: 2 * GiB, CreditsPerHour: 24},
		"medium": {VCPUs: 2, Memory: 4 * GiB, CreditsPerHour: 24},
	}
	smallT2 = map[string]Size{
		"micro":  {VCPUs: 1, Memory: 1 * GiB, CreditsPerHour: 6},
		"small":  {VCPUs: 1, Memory: 2 * GiB, CreditsPerHour: 12},
		"medium": {VCPUs: 2, Memory: 4 * GiB, CreditsPerHour: 24},
	}
	credits   = map[string]float64{"large": 36, "xlarge": 96, "2xlarge": 192}
	creditsT2 = map[string]float64{"large": 36, "xlarge": 54, "2xlarge": 81.6}
)

// Source of memory: ElastiCache user guide, "Valkey node-type specific parameters" and
// "Redis OSS node-type specific parameters", maxmemory. In GiB.
var cacheMemory = map[string]map[string]float64{
	"t2":  {"micro": 0.555, "small": 1.55, "medium": 3.22},
	"t3":  {"micro": 0.5, "small": 1.37, "medium": 3.09},
	"t4g": {"micro": 0.5, "small": 1.37, "medium": 3.09},
	"m5":  {"large": 6.38, "xlarge": 12.93, "2xlarge": 26.04, "4xlarge": 52.26, "12xlarge": 157.12, "24xlarge": 314.32},
	"m3":  {"medium": 2.78, "large": 6.05, "xlarge": 13.28, "2xlarge": 27.93},
	"m4":  {"large": 6.42, "xlarge": 14.28, "2xlarge": 29.7, "4xlarge": 60.78, "10xlarge": 154.64},
	"m6g": graviton, "m7g": graviton,
	"m8g": {"large": 6.79, "xlarge": 14.18, "2xlarge": 29.68, "4xlarge": 61.33, "8xlarge": 124.65, "12xlarge": 187.96, "16xlarge": 251.27},
	"r3":  {"large": 13.48, "xlarge": 28.42, "2xlarge": 58.2, "4xlarge": 117.77, "8xlarge": 236.91},
	"r4":  {"large": 12.3, "xlarge": 25.05, "2xlarge": 50.48, "4xlarge": 101.38, "8xlarge": 203.27, "16xlarge": 407.01},
	"r5":  {"large": 13.07, "xlarge": 26.32, "2xlarge": 52.82, "4xlarge": 105.81, "12xlarge": 317.77, "24xlarge": 635.61},
	"r6g": gravitonMemory, "r7g": gravitonMemory,
	"r6gd": {"xlarge": 26.32, "2xlarge": 52.82, "4xlarge": 105.81, "8xlarge": 209.55, "12xlarge": 317.77, "16xlarge": 419.09},
	"r8g":  {"large": 14.18, "xlarge": 29.68, "2xlarge": 61.33, "4xlarge": 124.65, "8xlarge": 251.27, "12xlarge": 377.9, "16xlarge": 504.52},
	"c7gn": {"large": 3.09, "xlarge": 6.38, "2xlarge": 12.94, "4xlarge": 26.05, "8xlarge": 52.26, "12xlarge": 78.56, "16xlarge": 105.81},
	"c8gn": {"large": 3.1, "xlarge": 6.79, "2xlarge": 14.18, "4xlarge": 29.68, "8xlarge": 61.33, "12xlarge": 92.99, "16xlarge": 124.65},
}

var (
	graviton = map[string]float64{
		"large": 6.38, "xlarge": 12.93, "2xlarge": 26.04, "4xlarge": 52.26, "8xlarge": 103.68, "12xlarge": 157.12, "16xlarge": 209.55,
	}
	gravitonMemory = map[string]float64{
		"large": 13.07, "xlarge": 26.32, "2xlarge": 52.82, "4xlarge": 105.81, "8xlarge": 209.55, "12xlarge": 317.77, "16xlarge": 419.09,
	}
)

// CacheConnections is the most that a node takes, but for the small ones below: ElastiCache
// user guide, "Valkey and Redis OSS parameters", maxclients, which nobody can change.
const CacheConnections = 65_000

var cacheConnections = map[string]map[string]float64{
	"t2":  {"micro": 20_000, "small": 20_000, "medium": 20_000},
	"t3":  {"micro": 20_000, "small": 46_000, "medium": 46_000},
	"t4g": {"micro": 20_000},
}

// databases and caches are every class there is, by family and size.
var databases, caches = databaseTable(), cacheTable()

func databaseTable() map[string]map[string]Size {
	table := map[string]map[string]Size{}
	for name, f := range dbFamilies {
		sizes := map[string]Size{}
		burst := map[string]float64{}
		if name[0] == 't' {
			below, earned := small, credits
			if name == "t2" {
				below, earned = smallT2, creditsT2
			}
			maps.Copy(sizes, below)
			burst = earned
		}
		for size := range strings.FieldsSeq(f.sizes) {
			sizes[size] = Size{VCPUs: vCPUs[size], Memory: f.gibPerVCPU * vCPUs[size] * GiB, CreditsPerHour: burst[size]}
		}
		table[name] = sizes
	}
	return table
}

func cacheTable() map[string]map[string]Size {
	table := map[string]map[string]Size{}
	for name, memory := range cacheMemory {
		sizes := map[string]Size{}
		for size, gib := range memory {
			s := Size{VCPUs: vCPUs[size], Memory: math.Round(gib * GiB), Connections: CacheConnections}
			if fewer, ok := cacheConnections[name][size]; ok {
				s.Connections = fewer
			}
			if name[0] == 't' {
				s.VCPUs, s.CreditsPerHour = small[size].VCPUs, small[size].CreditsPerHour
			}
			if name == "t2" {
				s.VCPUs, s.CreditsPerHour = smallT2[size].VCPUs, smallT2[size].CreditsPerHour
			}
			sizes[size] = s
		}
		table[name] = sizes
	}
	return table
}

// Database returns the size of a class of RDS and Aurora: "db.t3.micro". The error
// says which classes are near.
func Database(class string) (Size, error) { return find("db", class, databases) }

// Cache returns the size of a node type of ElastiCache: "cache.t3.micro". The error
// says which are near.
func Cache(nodeType string) (Size, error) { return find("cache", nodeType, caches) }

func find(prefix, class string, table map[string]map[string]Size) (Size, error) {
	rest, _ := strings.CutPrefix(class, prefix+".")
	family, size, _ := strings.Cut(rest, ".")
	if s, ok := table[family][size]; ok && strings.HasPrefix(class, prefix+".") {
		return s, nil
	}
	list := near(prefix, family, size, table)
	if more := len(list) - mostNamed; more > 0 {
		list = append(list[:mostNamed], fmt.Sprintf("%d more", more))
	}
	return Size{}, fmt.Errorf("one of %s; leave it out for a class that is not there: alarms that depend on its size are not made then", strings.Join(list, ", "))
}

// mostNamed is how many near classes an error names.
const mostNamed = 12

// near returns the classes of the family, or else those of the size, or else one of
// each family.
func near(prefix, family, size string, table map[string]map[string]Size) []string {
	var list []string
	if sizes, ok := table[family]; ok {
		ordered := slices.SortedFunc(maps.Keys(sizes), func(a, b string) int {
			return int(sizes[a].Memory/GiB*1000) - int(sizes[b].Memory/GiB*1000)
		})
		for _, s := range ordered {
			list = append(list, prefix+"."+family+"."+s)
		}
		return list
	}
	for _, f := range slices.Sorted(maps.Keys(table)) {
		if _, ok := table[f][size]; ok {
			list = append(list, prefix+"."+f+"."+size)
		}
	}
	if len(list) == 0 {
		for _, f := range slices.Sorted(maps.Keys(table)) {
			list = append(list, prefix+"."+f+".large")
			if _, ok := table[f]["large"]; !ok {
				list[len(list)-1] = prefix + "." + f + ".medium"
			}
		}
	}
	return list
}

// reserved is what the operating system and the processes of RDS take at least.
// AWS does not publish it: 256 MiB give a little less than what small classes have
// (81 connections to PostgreSQL on db.t3.micro).
const reserved = GiB / 4

// MaxConnections is how many connections a database takes, as its default parameter
// group computes it from the memory; 0 for an engine without such a formula. Sources:
// RDS user guide, "Maximum number of database connections"; Aurora user guide,
// "Maximum connections to an Aurora PostgreSQL / MySQL DB instance". Engines are
// postgres, mysql, mariadb, aurora-postgresql and aurora-mysql.
func (s Size) MaxConnections(engine string) float64 {
	memory := s.Memory - reserved
	switch engine {
	case "postgres", "aurora-postgresql":
		return math.Floor(min(memory/9531392, 5000))
	case "mysql", "mariadb":
		return math.Floor(min(memory/12582880, 16000))
	case "aurora-mysql":
		return math.Floor(min(max(math.Log2(memory/805306368)*45, math.Log2(memory/8187281408)*1000), 16000))
	}
	return 0
}
