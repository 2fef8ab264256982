package dashboard

import (
	"encoding/json"
	"fmt"
)

// Parse reads the body of a dashboard, such as GetDashboard returns it. Widgets of
// types that this package does not know keep their properties as
// [json.RawMessage]. See [Validate] for what is wrong with a body.
func Parse(body string) (Body, error) {
	var b Body
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		return Body{}, fmt.Errorf("reading the body of a dashboard: %w", err)
	}
	return b, nil
}

// UnmarshalJSON reads a widget with the properties of its type.
func (w *Widget) UnmarshalJSON(data []byte) error {
	type plain Widget // without this method
	raw := struct {
		*plain
		Properties json.RawMessage `json:"properties"`
	}{plain: (*plain)(w)}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	w.Properties = raw.Properties
	switch w.Type {
	case "metric":
		return properties[Metrics](w, raw.Properties)
	case "alarm":
		return properties[Alarms](w, raw.Properties)
	case "text":
		return properties[Text](w, raw.Properties)
	}
	return nil
}

func properties[T any](w *Widget, raw json.RawMessage) error {
	var p T
	if err := json.Unmarshal(raw, &p); err != nil {
		return fmt.Errorf("properties of a %s widget: %w", w.Type, err)
	}
	w.Properties = p
	return nil
}
