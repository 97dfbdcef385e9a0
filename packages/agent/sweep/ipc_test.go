package sweep

import (
	"reflect"
	"testing"
)

func TestObjectsAreKnownByTheirCreator(t *testing.T) {
	shm := `       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap
         0         32  1600              16777216    11    11      0   500   500  1000  1000          0          0          0                     0                     0
         0          7  1600              16777216    11    11      0  1000  1000     0     0          0          0          0                     0                     0
`
	sem := `       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime
         5          3   600          1  1000  1000  1000  1000          0          0
`
	if ids := ipcOf([]byte(shm), 9, 1000); !reflect.DeepEqual(ids, []int{32}) {
		t.Fatal(ids)
	}
	if ids := ipcOf([]byte(sem), 6, 1000); !reflect.DeepEqual(ids, []int{3}) {
		t.Fatal(ids)
	}
}
