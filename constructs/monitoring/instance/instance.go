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

// family is a family of classes. Its sizes from large on double: 2 vCPUs, 4, 8, …
type family struct {
	gibPerVCPU float64
	sizes      string // from large on
}

// Sources: RDS user guide, "Hardware specifications for DB instance classes", and EC2
// user guide, "CPU credits and baseline utilization for burstable performance
// instances".
var (
	large      = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
	dbFamilies = map[string]family{
		"t2": {4, "large xlarge 2xlarge"},
		"t3": {4, "large xlarge 2xlarge"}, "t4g": {4, "large xlarge 2xlarge"},
		"m5": {4, large + " 24xlarge"}, "m6g": {4, large}, "m6gd": {4, large}, "m6i": {4, large + " 24xlarge 32xlarge"},
		"m7g": {4, large}, "m7i": {4, large + " 24xlarge 48xlarge"}, "m8g": {4, large + " 24xlarge 48xlarge"},
		"r5": {8, large + " 24xlarge"}, "r6g": {8, large}, "r6gd": {8, large}, "r6i": {8, large + " 24xlarge 32xlarge"},
		"r7g": {8, large}, "r7i": {8, large + " 24xlarge 48xlarge"}, "r8g": {8, large + " 24xlarge 48xlarge"},
	}
	vCPUs = map[string]float64{
		"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "12xlarge": 48, "16xlarge": 64,
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

// Source of memory: ElastiCache user guide, "Host specifications" and pricing.
// In GiB.
var cacheMemory = map[string]map[string]float64{
	"t2":  {"micro": 0.555, "small": 1.55, "medium": 3.22},
	"t3":  {"micro": 0.5, "small": 1.37, "medium": 3.09},
	"t4g": {"micro": 0.5, "small": 1.37, "medium": 3.09},
	"m5":  {"large": 6.38, "xlarge": 12.93, "2xlarge": 26.04, "4xlarge": 52.26, "12xlarge": 157.12, "24xlarge": 314.32},
	"m6g": graviton, "m7g": graviton,
	"r5":  {"large": 13.07, "xlarge": 26.32, "2xlarge": 52.82, "4xlarge": 105.81, "12xlarge": 317.77, "24xlarge": 635.61},
	"r6g": gravitonMemory, "r7g": gravitonMemory,
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
	return Size{}, fmt.Errorf("one of %s", strings.Join(near(prefix, family, size, table), ", "))
}

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
