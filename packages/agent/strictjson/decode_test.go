package strictjson

import (
	"strings"
	"testing"
)

type inner struct {
	Number int `json:"number"`
}

type outer struct {
	Text  string            `json:"text"`
	Inner inner             `json:"inner"`
	List  []inner           `json:"list"`
	Env   map[string]string `json:"env"`
	Maybe *int              `json:"maybe"`
}

func TestKnownFieldsAreDecoded(t *testing.T) {
	var value outer
	err := Decode([]byte(` {"text":"a","inner":{"number":1,"x-more":null},"list":[{"number":2}],"env":{"ANY":"b"},"maybe":null,"x-new":[{"a":[1,{}]}],"op":"x"} `), &value, "op")
	if err != nil || value.Text != "a" || value.Inner.Number != 1 || value.List[0].Number != 2 || value.Env["ANY"] != "b" || value.Maybe != nil {
		t.Fatalf("%+v, %v", value, err)
	}
}

func TestEverythingElseIsRefused(t *testing.T) {
	for _, text := range []string{
		``, `null`, `1`, `[]`, `"text"`, `{`, `{}{}`, `{} x`, "\ufeff{}",
		`{"other":1}`, `{"Text":"a"}`, `{"TEXT":"a"}`, `{"text":"a","text":"b"}`, `{"text":null}`, `{"text":1}`,
		`{"inner":{"other":1}}`, `{"inner":{"number":1,"number":2}}`, `{"inner":[]}`, `{"list":[{"other":1}]}`, `{"list":[null]}`,
		`{"env":{"A":1}}`, `{"env":{"A":null}}`, `{"op":1}`, "{\"text\":\"\xff\"}",
		`{"x-deep":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
	} {
		if err := Decode([]byte(text), &outer{}); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"text":"a","inner":{"number":1}}`))
	f.Add([]byte(`{"x-":[[[{}]]]}`))
	f.Fuzz(func(t *testing.T, data []byte) { Decode(data, &outer{}) })
}
