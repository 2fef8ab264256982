package localaws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// network is what load balancers and tasks are put into: moto's default VPC.
type network struct {
	vpc           string
	subnets       []string
	securityGroup string
}

// defaultNetwork reads the default VPC with two calls of EC2's Query API. The SDK's
// EC2 client could do it too, but is by far the largest: it would slow every build.
func defaultNetwork(ctx context.Context, cfg aws.Config) (network, error) {
	var subnets struct {
		Items []struct {
			ID  string `xml:"subnetId"`
			VPC string `xml:"vpcId"`
		} `xml:"subnetSet>item"`
	}
	if err := ec2Query(ctx, cfg, "DescribeSubnets", "default-for-az", "true", &subnets); err != nil {
		return network{}, err
	}
	if len(subnets.Items) < 2 {
		return network{}, fmt.Errorf("the default VPC has %d subnets, want 2 or more", len(subnets.Items))
	}
	n := network{vpc: subnets.Items[0].VPC}
	for _, subnet := range subnets.Items[:2] {
		n.subnets = append(n.subnets, subnet.ID)
	}
	var groups struct {
		Items []struct {
			ID  string `xml:"groupId"`
			VPC string `xml:"vpcId"`
		} `xml:"securityGroupInfo>item"`
	}
	if err := ec2Query(ctx, cfg, "DescribeSecurityGroups", "group-name", "default", &groups); err != nil {
		return network{}, err
	}
	for _, group := range groups.Items {
		if group.VPC == n.vpc {
			n.securityGroup = group.ID
			return n, nil
		}
	}
	return network{}, errors.New("the default VPC has no default security group")
}

// ec2Query makes a call with one filter and decodes the answer into out.
func ec2Query(ctx context.Context, cfg aws.Config, action, filter, value string, out any) error {
	body := url.Values{
		"Action":           {action},
		"Version":          {"2016-11-15"},
		"Filter.1.Name":    {filter},
		"Filter.1.Value.1": {value},
	}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, aws.ToString(cfg.BaseEndpoint)+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// moto learns service and region from the signature.
	creds, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, creds, req, hex.EncodeToString(hash[:]), "ec2", cfg.Region, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", action, resp.Status, text)
	}
	if err := xml.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}
