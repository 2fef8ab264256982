package verbs

import (
	"fmt"
	"strings"

	"github.com/ohmycoins/infra/internal/omc/image"
	"github.com/ohmycoins/infra/stacks/environment"
)

// ParseImages reads the values of --image, "service=repository@sha256:…", into a
// map from service key to image.
func ParseImages(values []string, env environment.Environment) (map[string]string, error) {
	images := map[string]string{}
	for _, value := range values {
		key, name, found := strings.Cut(value, "=")
		if !found {
			return nil, fmt.Errorf("--image: is %q, want SERVICE=repository@sha256:…", value)
		}
		if _, ok := serviceByKey(env, key); !ok {
			return nil, fmt.Errorf("--image: service is %q, want %s", key, strings.Join(serviceKeys(env), " or "))
		}
		if _, twice := images[key]; twice {
			return nil, fmt.Errorf("--image: %s is given twice", key)
		}
		if _, err := image.Parse(name); err != nil {
			return nil, fmt.Errorf("--image: %s: %w", key, err)
		}
		images[key] = name
	}
	return images, nil
}

func serviceByKey(env environment.Environment, key string) (environment.Service, bool) {
	for _, s := range env.Cluster.Services {
		if s.Key == key {
			return s, true
		}
	}
	return environment.Service{}, false
}

func serviceKeys(env environment.Environment) []string {
	var keys []string
	for _, s := range env.Cluster.Services {
		keys = append(keys, s.Key)
	}
	return keys
}
