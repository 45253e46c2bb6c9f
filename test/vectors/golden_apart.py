"""How far apart, by Ashman's D, the two halves of one cloud along a line seem when it is cut where k-means would
cut it: quantiles over drawings.  The rule 4.5 + 60 / n of src/inspect/golden.h comes from this table.  python3 golden_apart.py"""
import numpy as np
rng=np.random.default_rng(0)
def bestD(x):
    x=np.sort(x); n=len(x); best=None
    least=max(4,n//10)
    for i in range(least,n-least+1):
        a,b=x[:i],x[i:]
        w=((a-a.mean())**2).sum()+((b-b.mean())**2).sum()
        if best is None or w<best[0]: best=(w,a,b)
    w,a,b=best
    return abs(a.mean()-b.mean())/np.sqrt((a.var()+b.var())/2)
for kind in 'uniform','normal':
    for n in (8,10,12,16,20,30,40,60,100,200):
        d=[bestD(rng.random(n) if kind=='uniform' else rng.normal(size=n)) for _ in range(1500 if n<100 else 300)]
        print(kind,n,np.round(np.quantile(d,[.5,.9,.95,.99,.999]),2))
