//go:build !unix

package fastsynth

func checkParent(string) error { return errUnsupported }

func checkOwn(string) error { return errUnsupported }
