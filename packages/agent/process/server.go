package process

type server struct{ pid int }
type spare struct{}

func (manager *Manager) refillSpares() {}
