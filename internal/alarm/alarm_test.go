package alarm

import (
	"math"
	"testing"
)

func TestCondition(t *testing.T) {
	tests := []struct {
		condition Condition
		want      string
	}{
		{Condition{"CPUUtilization", "Average", "GreaterThanThreshold", 80, 60, 5}, "> 80 % for 5 minutes"},
		{Condition{"CPUUtilization", "Average", "GreaterThanThreshold", 82.5, 60, 1}, "> 82.5 % for 1 minute"},
		{Condition{"CacheHitRate", "Average", "LessThanThreshold", 70, 300, 2}, "< 70 % for 10 minutes"},
		{Condition{"FreeStorageSpace", "Minimum", "LessThanThreshold", 10 * GiB, 300, 1}, "< 10 GiB for 5 minutes"},
		{Condition{"FreeStorageSpace", "Minimum", "LessThanThreshold", 1000, 300, 1}, "< 1000 bytes for 5 minutes"},
		{Condition{"HTTPCode_Target_5XX_Count", "Sum", "GreaterThanThreshold", 10, 300, 1}, "> 10 in 5 minutes"},
		{Condition{"TargetResponseTime", "p95", "GreaterThanOrEqualToThreshold", 0.5, 60, 3}, ">= 0.5 s for 3 minutes"},
		{Condition{"Evictions", "Average", "LessThanOrEqualToThreshold", 1, 10, 3}, "<= 1 for 30 seconds"},
		{Condition{"Evictions", "Average", "LessThanLowerThreshold", 1, 60, 1}, "LessThanLowerThreshold 1 for 1 minute"},
		{Condition{"Evictions", "Average", "GreaterThanThreshold", math.Float64frombits(0xfdff<<48 + 1), 60, 1}, "> the threshold for 1 minute"},
	}
	for _, tt := range tests {
		if got := tt.condition.String(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.condition, got, tt.want)
		}
	}
}
