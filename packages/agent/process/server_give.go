package process

import (
	"encoding/json"
	"time"
)

type forkLimits struct {
	Processes uint64 `json:"processes"`
	OpenFiles uint64 `json:"openFiles"`
	FileBytes uint64 `json:"fileBytes"`
}

type forkRequest struct {
	UID       int               `json:"uid"`
	GID       int               `json:"gid"`
	Tag       *int              `json:"tag"`
	Directory string            `json:"cwd"`
	Env       map[string]string `json:"env"`
	Limits    forkLimits        `json:"limits"`
}

const maxPacketBytes = 65536

// give starts a run in a child of the server, or returns nil when there is none to be had.
func (server *server) give(group *group, request *SpawnRequest, directory string) *process {
	server.giving.Lock()
	defer server.giving.Unlock()
	server.lock.Lock()
	usable := server.isReady && !server.isOver
	server.lock.Unlock()
	packet, err := json.Marshal(server.forkRequest(group, request, directory))
	if !usable || err != nil || len(packet) > maxPacketBytes {
		return nil
	}
	streams, ends, err := openStreams(request.Input == "stream", true)
	if err != nil {
		return nil
	}
	defer ends.closeAll()
	if pid := server.offer(packet, ends); pid > 0 {
		server.manager.lead(group, pid, nil)
		return &process{pid: pid, from: &request.From, streams: streams, exited: server.follow(pid), server: server}
	}
	streams.closeAll()
	server.kill()
	return nil
}

func (server *server) forkRequest(group *group, request *SpawnRequest, directory string) forkRequest {
	manager := server.manager
	fork := forkRequest{
		UID: manager.user.UID, GID: manager.user.GID, Directory: directory,
		Env:    merge(manager.settings.Environment, request.Env),
		Limits: forkLimits{manager.settings.Processes, manager.settings.OpenFiles, manager.settings.FileBytes},
	}
	if tag := manager.marks.Group(group.mark); tag > 0 {
		fork.Tag = &tag
	}
	return fork
}

func (server *server) offer(packet []byte, ends *childEnds) int {
	server.lock.Lock()
	server.isOffering = true
	server.lock.Unlock()
	server.socket.SetWriteDeadline(time.Now().Add(takePatience))
	if sendPacket(server.socket, packet, ends.Input, ends.Output, ends.Errors, ends.Structured) != nil {
		return 0
	}
	patience := time.NewTimer(takePatience)
	defer patience.Stop()
	select {
	case pid := <-server.taken:
		return pid
	case <-patience.C:
	}
	return 0
}
