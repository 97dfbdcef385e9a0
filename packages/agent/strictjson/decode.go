// Package strictjson decodes one JSON object and refuses what the protocol does not name.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

const maxDepth = 16

// Decode fills target, a pointer to a struct, from one JSON object: keys match exactly, unknown and repeated
// keys are errors unless they begin with "x-" or are among the ignored ones, null is
// allowed only for a pointer, and nothing may follow the object.
func Decode(data []byte, target any, ignored ...string) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil {
		return err
	} else if token != json.Delim('{') {
		return errors.New("not an object")
	}
	if err := checkObject(decoder, reflect.TypeOf(target).Elem(), "", 0, ignored...); err != nil {
		return err
	}
	if decoder.InputOffset() != int64(len(bytes.TrimRight(data, " \t\r\n"))) {
		return errors.New("something follows the object")
	}
	return json.Unmarshal(data, target)
}

// A nil shape is a value whose form is not ours to check.
func checkValue(decoder *json.Decoder, shape reflect.Type, path string, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	isOptional := shape != nil && shape.Kind() == reflect.Pointer
	if isOptional {
		shape = shape.Elem()
	}
	switch token {
	case json.Delim('{'):
		return checkObject(decoder, shape, path, depth)
	case json.Delim('['):
		return checkArray(decoder, shape, path, depth)
	case nil:
		if shape != nil && !isOptional {
			return fmt.Errorf("%s is null", path)
		}
	}
	return nil
}

func checkArray(decoder *json.Decoder, shape reflect.Type, path string, depth int) error {
	if depth > maxDepth {
		return errors.New("nested too deeply")
	}
	var element reflect.Type
	if shape != nil && shape.Kind() == reflect.Slice {
		element = shape.Elem()
	}
	for decoder.More() {
		if err := checkValue(decoder, element, path, depth+1); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}

func checkObject(decoder *json.Decoder, shape reflect.Type, path string, depth int, ignored ...string) error {
	if depth > maxDepth {
		return errors.New("nested too deeply")
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		key, inside := token.(string), join(path, token.(string))
		if seen[key] {
			return fmt.Errorf("%s is given twice", inside)
		}
		seen[key] = true
		var member reflect.Type
		if shape != nil && !strings.HasPrefix(key, "x-") && !slices.Contains(ignored, key) {
			if member, err = memberType(shape, key); err != nil {
				return fmt.Errorf("%s %w", inside, err)
			}
		}
		if err := checkValue(decoder, member, inside, depth+1); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}

func memberType(shape reflect.Type, key string) (reflect.Type, error) {
	switch shape.Kind() {
	case reflect.Map:
		return shape.Elem(), nil
	case reflect.Struct:
		for index := range shape.NumField() {
			field := shape.Field(index)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == key && field.IsExported() {
				return field.Type, nil
			}
		}
	}
	return nil, errors.New("is not known")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
