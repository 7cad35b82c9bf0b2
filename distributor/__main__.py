from distributor.service.cli import main

main()
