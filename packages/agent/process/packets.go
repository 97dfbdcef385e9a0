package process

import (
	"os"
	"syscall"
)

// maxAnswerBytes is more than any message of a server needs.
const maxAnswerBytes = 4096

func setPassCredentials(socket *os.File) {
	if source, err := socket.SyscallConn(); err == nil {
		source.Control(func(descriptor uintptr) {
			syscall.SetsockoptInt(int(descriptor), syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1)
		})
	}
}

func sendPacket(socket *os.File, packet []byte, descriptors ...int) error {
	target, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	err = target.Write(func(descriptor uintptr) bool {
		sent = syscall.Sendmsg(int(descriptor), packet, syscall.UnixRights(descriptors...), nil, syscall.MSG_NOSIGNAL)
		return sent != syscall.EAGAIN
	})
	if err != nil {
		return err
	}
	return sent
}

// receivePacket is the next packet and the process that sent it; not ok at the end, after the read deadline when
// nothing is left, or for a packet that is too long.
func receivePacket(socket *os.File) (packet []byte, sender int, ok bool) {
	source, err := socket.SyscallConn()
	if err != nil {
		return nil, 0, false
	}
	attempt := func(descriptor uintptr) bool {
		var wait bool
		packet, sender, wait = tryReceive(int(descriptor))
		return !wait
	}
	if err := source.Read(attempt); err != nil && os.IsTimeout(err) {
		source.Control(func(descriptor uintptr) { attempt(descriptor) })
	}
	return packet, sender, len(packet) > 0
}

func tryReceive(descriptor int) (packet []byte, sender int, wait bool) {
	buffer := make([]byte, maxAnswerBytes)
	// No room for descriptors: the kernel then installs none.
	control := make([]byte, syscall.CmsgSpace(syscall.SizeofUcred))
	count, controlCount, flags, _, err := syscall.Recvmsg(descriptor, buffer, control, syscall.MSG_CMSG_CLOEXEC)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return nil, 0, true
	}
	if err != nil || flags&syscall.MSG_TRUNC != 0 {
		return nil, 0, false
	}
	messages, err := syscall.ParseSocketControlMessage(control[:controlCount])
	if err != nil || len(messages) != 1 {
		return nil, 0, false
	}
	credentials, err := syscall.ParseUnixCredentials(&messages[0])
	if err != nil {
		return nil, 0, false
	}
	return buffer[:count], int(credentials.Pid), false
}
