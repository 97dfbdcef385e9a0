package serve

import (
	"context"
	"errors"
	"io"

	"llm-sandbox/agent/connection"
	"llm-sandbox/agent/failure"
	"llm-sandbox/agent/files"
	"llm-sandbox/agent/process"
	"llm-sandbox/agent/strictjson"
)

type failed struct {
	Error *failure.Error `json:"error"`
}

// handle begins an operation; what has to be known before the next OPEN is done before it returns.
func (session *session) handle(channel *connection.Channel, request []byte) {
	var named struct {
		Op string `json:"op"`
	}
	if err := looseDecode(request, &named); err != nil {
		channel.Finish(failed{failure.Request("not a request: %v", err)})
		return
	}
	begin, known := session.operations()[named.Op]
	if !known {
		channel.Finish(failed{failure.Request("the operation %q is not known", named.Op)})
		return
	}
	begin(channel, request)
}

type begin func(channel *connection.Channel, request []byte)

func (session *session) operations() map[string]begin {
	return map[string]begin{
		"prepare": session.prepare,
		"spawn":   operation(session.manager.Spawn),
		"read":    download(session.files.Read), "list": download(session.files.List), "pack": download(session.files.Pack),
		"write": upload(session.files.Write), "unpack": upload(session.files.Unpack),
		"stat": change(session.files.Stat), "remove": change(session.files.Remove),
		"mkdir": change(session.files.Mkdir), "rename": change(session.files.Rename),
	}
}

// operation decodes the request strictly, performs it and sends what comes of it.
func operation[Request, Result any](perform func(*connection.Channel, *Request) (Result, *failure.Error)) begin {
	return func(channel *connection.Channel, payload []byte) {
		request := new(Request)
		if err := strictjson.Decode(payload, request, "op"); err != nil {
			channel.Finish(failed{failure.Request("%v", err)})
			return
		}
		go finish(channel, func() (Result, *failure.Error) { return perform(channel, request) })
	}
}

// prepare makes the name known before the next request is looked at.
func (session *session) prepare(channel *connection.Channel, payload []byte) {
	request := &process.PrepareRequest{}
	if err := strictjson.Decode(payload, request, "op"); err != nil {
		channel.Finish(failed{failure.Request("%v", err)})
		return
	}
	run, err := session.manager.Prepare(request)
	if err != nil {
		channel.Finish(failed{err})
		return
	}
	go finish(channel, func() (*process.PrepareResult, *failure.Error) { return run(channel) })
}

func finish[Result any](channel *connection.Channel, perform func() (Result, *failure.Error)) {
	defer releaseMemory().Reset(releaseAfter)
	result, err := perform()
	if err != nil {
		channel.Finish(failed{err})
		return
	}
	channel.Finish(result)
}

func change[Request, Result any](perform func(context.Context, Request) (Result, error)) begin {
	return operation(func(channel *connection.Channel, request *Request) (Result, *failure.Error) {
		result, err := perform(channel.Canceled, *request)
		return result, describe(err)
	})
}

func download[Request, Result any](perform func(context.Context, Request, io.Writer) (Result, error)) begin {
	return operation(func(channel *connection.Channel, request *Request) (Result, *failure.Error) {
		outlet := channel.Outlet(1)
		result, err := perform(channel.Canceled, *request, outlet.Writer(channel.Canceled))
		outlet.End()
		return result, describe(err)
	})
}

func upload[Request, Result any](perform func(context.Context, Request, io.Reader) (Result, error)) begin {
	return operation(func(channel *connection.Channel, request *Request) (Result, *failure.Error) {
		result, err := perform(channel.Canceled, *request, channel.Inlet(0).Reader(channel.Canceled))
		return result, describe(err)
	})
}

func describe(err error) *failure.Error {
	var known *files.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return &failure.Error{Code: known.Code, Message: known.Message, Path: known.Path}
	}
	return failure.System(err, "file operation", "")
}
