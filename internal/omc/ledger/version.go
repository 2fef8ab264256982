package ledger

// Version is what a service runs.
type Version struct {
	// TaskDefinition is an ARN.
	TaskDefinition string `json:"taskDefinition,omitempty"`
	// Image is the image of the service's container.
	Image string `json:"image,omitempty"`
	// Digest is the digest of the image, when it is known.
	Digest string `json:"digest,omitempty"`
	// Deployment is ECS's id of the roll-out.
	Deployment string `json:"deployment,omitempty"`
	Desired    int32  `json:"desired,omitempty"`
	Running    int32  `json:"running,omitempty"`
}
